import * as fc from 'fast-check';
import type { PowerCutChoice } from '../test-broker.ts';
import { command, type FlowCommand } from './command.ts';
import { reopenAfterCrash } from './mishaps.ts';
import { takeUnitsLeft } from './unit-laws.ts';

type Survivors = NonNullable<PowerCutChoice['survivors']>;

/** Time in which a barrier has surely made durable what was written. */
const BARRIER_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Commands that happen to a broker: time, crashes, power cuts, administration. */
export function worldCommands(): fc.Arbitrary<FlowCommand>[] {
  return [
    fc.constantFrom(1, 300, 700, 2_000, 5_000, 40_000).map(advance),
    fc.constantFrom(-HOUR_MS, -1_000, 1_000, 24 * HOUR_MS).map(stepWallClock),
    fc.constant(crash()),
    fc.constant(closeAndReopen()),
    fc.constantFrom<Survivors>('none', 'some', 'holes').map(powerCut),
    fc.nat(7).map(growTopic),
  ];
}

function advance(ms: number): FlowCommand {
  return command(`advance(${ms} ms)`, async (model, system) => {
    await system.clock.advance(ms);
    model.timePassed();
    if (ms >= BARRIER_MS) model.barrierPassed();
  });
}

/** Leases run on the monotonic clock, so that none of them notices. */
function stepWallClock(ms: number): FlowCommand {
  return command(`stepWallClock(${ms} ms)`, async (model, system) => {
    model.time.steps(ms);
    system.clock.set(system.clock.now() + ms);
    await system.clock.settle();
  });
}

function crash(): FlowCommand {
  return command('crash', async (model, system) => {
    await system.broker.crash();
    system.pushed.processEnded(false);
    await reopenAfterCrash(model, system);
  });
}

function closeAndReopen(): FlowCommand {
  return command('closeAndReopen', async (model, system) => {
    await system.broker.close({ deadlineMs: 0 });
    system.pushed.processEnded(false);
    model.processEnded({ kind: 'closed' });
    await system.reopen();
  });
}

function powerCut(survivors: Survivors): FlowCommand {
  return command(`powerCut(${survivors} survive)`, async (model, system) => {
    await system.broker.powerCut({ survivors });
    system.pushed.processEnded(true);
    model.processEnded({ kind: 'powerCut', survivors });
    await system.reopen();
    await takeUnitsLeft(model, system, survivors);
  });
}

function growTopic(index: number): FlowCommand {
  return command(`growTopic(${index})`, async (_model, system) => {
    const topic = system.allTopics[index % system.allTopics.length] as string;
    const info = await system.broker.admin.getTopic(topic);
    await system.broker.admin.updateTopic(topic, { queueCount: Math.min(8, (info?.queueCount ?? 1) + 1) });
  });
}
