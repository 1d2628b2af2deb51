export { arbitraries, type MessageConstraints } from './arbitraries.ts';
export type { FlowCommand } from './command.ts';
export { type CommandOptions, commands, runCommands } from './commands.ts';
export { type FlowSpecification, type FlowStep, flow } from './flow.ts';
export type { FlowKind } from './flow-kind.ts';
export { FlowModel } from './flow-model.ts';
export { type FlowOptions, FlowSystem } from './flow-system.ts';
