import * as fc from 'fast-check';
import type { FlowCommand } from './command.ts';
import { dedupCommands } from './dedup-commands.ts';
import { delayCommands } from './delay-commands.ts';
import { FLOW_KINDS, type FlowKind } from './flow-kind.ts';
import { type FlowOptions, FlowSystem } from './flow-system.ts';
import { leaseRaces } from './lease-races.ts';
import { checkLiveness } from './liveness.ts';
import { priorityCommands } from './priority-commands.ts';
import { receivingCommands } from './receiving-commands.ts';
import { sendingCommands } from './sending-commands.ts';
import { transactionCommands } from './transaction-commands.ts';
import { transactionRaces } from './transaction-races.ts';
import { unitCommands } from './unit-commands.ts';
import { unitRaces } from './unit-races.ts';
import { worldCommands } from './world-commands.ts';

/**
 * Which commands `commands` draws from.
 * @public
 * @since 0.1.0
 */
export interface CommandOptions {
  /** Most commands of a run; default 60. */
  readonly maxCommands?: number | undefined;
  /**
   * Which kinds of messages and of work take part, beside plain messages and message groups; default all. `[]` sends nothing but those.
   * @since 0.2.0
   */
  readonly kinds?: readonly FlowKind[] | undefined;
  /** Kinds of commands that are left out, by the beginning of their text, such as `powerCut`; default none. */
  readonly without?: readonly string[] | undefined;
  /** As printed by a failed run, to repeat it. */
  readonly replayPath?: string | undefined;
}

const DEFAULT_MAX_COMMANDS = 60;

/** What each kind brings beyond the messages that all sends mix. */
const COMMANDS_OF: Readonly<Record<FlowKind, (kinds: readonly FlowKind[]) => fc.Arbitrary<FlowCommand>[]>> = {
  delay: delayCommands,
  transaction: (kinds) => [...transactionCommands(kinds), ...transactionRaces()],
  priority: priorityCommands,
  timeToLive: () => [],
  dedup: dedupCommands,
  atomic: (kinds) => [...unitCommands(kinds), ...unitRaces(kinds)],
};

/**
 * Random flows over a test broker: sends and batches of all kinds of messages, receives, acknowledgements in and out of time, listeners that
 * fail, dead letters, recalls, transactions, atomic units, time, crashes, power cuts, and competing calls that do not wait for each other. After
 * each command the broker is compared with a model.
 *
 * @example
 * ```ts
 * await fc.assert(fc.asyncProperty(commands(), (steps) => runCommands(steps)));
 * ```
 * @public
 * @since 0.1.0
 */
export function commands(options: CommandOptions = {}): fc.Arbitrary<Iterable<FlowCommand>> {
  const { maxCommands = DEFAULT_MAX_COMMANDS, kinds = FLOW_KINDS, without = [], replayPath } = options;
  const own = FLOW_KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind) => COMMANDS_OF[kind](kinds));
  const all = [...sendingCommands(kinds), ...own, ...receivingCommands(), ...leaseRaces(), ...worldCommands()];
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
