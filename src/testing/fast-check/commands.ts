import * as fc from 'fast-check';
import type { FlowCommand } from './command.ts';
import { type FlowOptions, FlowSystem } from './flow-system.ts';
import { checkLiveness } from './liveness.ts';
import { receivingCommands } from './receiving-commands.ts';
import { sendingCommands } from './sending-commands.ts';
import { worldCommands } from './world-commands.ts';

/**
 * Which commands `commands` draws from.
 * @public
 * @since 0.1.0
 */
export interface CommandOptions {
  /** Most commands of a run; default 60. */
  readonly maxCommands?: number | undefined;
  /** Kinds of commands that are left out, by the beginning of their text, such as `powerCut`; default none. */
  readonly without?: readonly string[] | undefined;
  /** As printed by a failed run, to repeat it. */
  readonly replayPath?: string | undefined;
}

const DEFAULT_MAX_COMMANDS = 60;

/**
 * Random flows over a test broker: sends, batches, receives, acknowledgements in and out of time, listeners that fail, dead letters, time,
 * crashes, power cuts. After each command the broker is compared with a model.
 *
 * @example
 * ```ts
 * await fc.assert(fc.asyncProperty(commands(), (steps) => runCommands(steps)));
 * ```
 * @public
 * @since 0.1.0
 */
export function commands(options: CommandOptions = {}): fc.Arbitrary<Iterable<FlowCommand>> {
  const { maxCommands = DEFAULT_MAX_COMMANDS, without = [], replayPath } = options;
  const all = [...sendingCommands(), ...receivingCommands(), ...worldCommands()];
  const kept =
    without.length === 0
      ? all
      : all.map((one) => one.map((step) => (without.some((name) => String(step).startsWith(name)) ? NOTHING : step)));
  return fc.commands(kept, { maxCommands, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) });
}

const NOTHING: FlowCommand = { check: () => false, run: () => Promise.resolve(), toString: () => 'nothing' };

/**
 * Runs commands on a fresh broker, then lets everything come to its end: whatever lives must be delivered, acknowledged or dead-lettered.
 *
 * @throws AssertionError that names the invariant which does not hold
 * @public
 * @since 0.1.0
 */
export async function runCommands(steps: Iterable<FlowCommand>, options: FlowOptions = {}): Promise<void> {
  const system = await FlowSystem.open(options);
  const model = system.newModel();
  try {
    await fc.asyncModelRun(() => ({ model, real: system }), steps);
    await checkLiveness(model, system);
  } finally {
    await system.broker.close({ deadlineMs: 0 });
  }
}
