import type * as fc from 'fast-check';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { checkInvariants } from './invariants.ts';

/**
 * One step of a random flow: it does something to the broker and to the model, and compares the two.
 * @public
 * @since 0.1.0
 */
export type FlowCommand = fc.AsyncCommand<FlowModel, FlowSystem>;

/** Makes a command of what it does; every invariant is checked after it. */
export function command(name: string, run: (model: FlowModel, system: FlowSystem) => Promise<void>): FlowCommand {
  return {
    check: () => true,
    run: async (model, system) => {
      await run(model, system);
      await checkInvariants(model, system);
    },
    toString: () => name,
  };
}
