import * as fc from 'fast-check';
import { type Durability, isBrokerError, type SendReceipt } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowKind } from './flow-kind.ts';
import { describe, durability, type Planned, plan, type Shape, shapes } from './message-shape.ts';
import { crashAmid, overFailure, reopenAfterCrash, turnsUntilDeath } from './mishaps.ts';
import { perhapsSent, sent } from './sending-steps.ts';
import { violation } from './violation.ts';

/** Commands that send messages of the kinds that take part. */
export function sendingCommands(kinds: readonly FlowKind[]): fc.Arbitrary<FlowCommand>[] {
  const shape = shapes(kinds);
  return [
    fc.tuple(shape, durability).map(([one, how]) => send(one, how)),
    fc.tuple(shape, durability).map(([one, how]) => send({ ...one, priority: undefined, messageGroup: 'g' }, how)),
    fc.tuple(fc.array(shape, { minLength: 1, maxLength: 6 }), durability).map(([all, how]) => sendBatch(all, how)),
    fc.tuple(shape, durability, fc.boolean()).map(([one, how, applied]) => sendOverFailure(one, how, applied)),
    fc
      .tuple(fc.array(shape, { minLength: 1, maxLength: 8 }), durability, turnsUntilDeath)
      .map(([all, how, turns]) => cutOff(all, how, turns)),
  ];
}

function send(one: Shape, how: Durability): FlowCommand {
  return command(`send(${describe(one)}, ${how})`, async (model, system) => {
    const planned = plan(model, system, one);
    const receipt = await system.producer.send(planned[1], { durability: how });
    sent(model, planned, receipt);
    if (how === 'sync') model.barrierPassed();
  });
}

function sendBatch(all: readonly Shape[], how: Durability): FlowCommand {
  return command(`sendBatch([${all.map(describe).join('; ')}], ${how})`, async (model, system) => {
    const plans = all.map((one) => plan(model, system, one));
    const receipts = await system.producer.sendBatch(
      plans.map(([, message]) => message),
      { durability: how },
    );
    for (const [index, planned] of plans.entries()) sent(model, planned, receipts[index] as SendReceipt);
    if (how === 'sync') model.barrierPassed();
  });
}

/** The write fails, and the broker heals: a send that resolves is stored once, one that rejects is not stored. */
function sendOverFailure(one: Shape, how: Durability, applied: boolean): FlowCommand {
  return command(`sendOverFailure(${describe(one)}, ${how}, applied ${applied})`, async (model, system) => {
    const planned = plan(model, system, one);
    const outcome = await overFailure(model, system, applied, () => system.producer.send(planned[1], { durability: how }));
    if (!isBrokerError(outcome)) sent(model, planned, outcome as SendReceipt);
    else if (outcome.code !== 'MQ_STORE_WRITE_FAILED') throw violation('I1', `a failed write became ${outcome.code}: ${outcome.message}`);
    // The broker has opened its stores again, and that makes everything durable.
    model.barrierPassed();
  });
}

/** The process dies while sends are under way: those with a receipt are kept, the others perhaps. */
function cutOff(all: readonly Shape[], how: Durability, turns: number): FlowCommand {
  return command(`cutOff([${all.map(describe).join('; ')}], ${how}, after ${turns} turns)`, async (model, system) => {
    const receipts = new Map<Planned, SendReceipt>();
    const plans = all.map((one) => plan(model, system, one));
    const sends = plans.map((planned) =>
      system.producer.send(planned[1], { durability: how }).then((receipt) => receipts.set(planned, receipt)),
    );
    await crashAmid(system, turns, sends);
    for (const planned of plans) {
      const receipt = receipts.get(planned);
      if (receipt === undefined) perhapsSent(model, planned);
      else sent(model, planned, receipt);
    }
    await reopenAfterCrash(model, system);
  });
}
