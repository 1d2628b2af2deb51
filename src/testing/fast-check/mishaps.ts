import * as fc from 'fast-check';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { outcomeOf } from './outcome.ts';

/** Longer than a broker takes to open its stores again. */
const HEAL_MS = 1_000;

/** Not one of the commands' topics. */
const NOISE = { topic: 'flow-noise', body: 'x' } as const;

/** Turns of the microtask queue until a process dies: a call is told of its commit after about a dozen, and stored before that. */
export const turnsUntilDeath: fc.Arbitrary<number> = fc.nat(18);

/** Calls something whose next write of the log fails; answers what the call came to once the broker has healed. */
export async function overFailure<T>(model: FlowModel, system: FlowSystem, applied: boolean, call: () => Promise<T>): Promise<unknown> {
  const { faults, clock, producer } = system;
  const writesBefore = faults.counters.writes.log;
  faults.failWrite('log', 1, { applied });
  const outcome = outcomeOf(call());
  await clock.settle();
  // What wrote nothing must not leave the failure to somebody else.
  if (faults.counters.writes.log === writesBefore) await Promise.all([outcomeOf(producer.send(NOISE)), clock.advance(HEAL_MS)]);
  await clock.advance(HEAL_MS);
  model.timePassed();
  return await outcome;
}

/** The process dies some turns after calls have begun; `reopenAfterCrash` follows once the model knows what became of them. */
export async function crashAmid(system: FlowSystem, turns: number, calls: readonly Promise<unknown>[]): Promise<void> {
  const settled = Promise.allSettled(calls);
  for (let i = 0; i < turns; i++) await undefined;
  await system.broker.crash();
  await settled;
  system.pushed.processEnded(true);
}

/** A process that died amid calls is gone, and a new one serves. */
export async function reopenAfterCrash(model: FlowModel, system: FlowSystem): Promise<void> {
  model.processEnded({ kind: 'crashed' });
  await system.reopen();
}
