import * as fc from 'fast-check';
import type { Durability, SendReceipt } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowKind } from './flow-kind.ts';
import { dedupKey, describe, durability, plan, type Shape, shapes } from './message-shape.ts';
import { DEDUP_WINDOW_MS } from './model-keys.ts';
import { sent } from './sending-steps.ts';
import { violation } from './violation.ts';

/** Commands that send with one key again and again. */
export function dedupCommands(kinds: readonly FlowKind[]): fc.Arbitrary<FlowCommand>[] {
  const keyed = fc.tuple(shapes(kinds), dedupKey).map(([one, key]): Shape => ({ ...one, key }));
  return [
    fc.tuple(keyed, durability).map(([one, how]) => sendKeyed(one, how)),
    fc.tuple(keyed, fc.integer({ min: 2, max: 5 }), durability).map(([one, count, how]) => sendTogether(one, count, how)),
    fc.constantFrom(-1, 0).map(windowEnds),
  ];
}

function sendKeyed(one: Shape, how: Durability): FlowCommand {
  return command(`sendKeyed(${describe(one)}, ${how})`, async (model, system) => {
    const planned = plan(model, system, one);
    sent(model, planned, await system.producer.send(planned[1], { durability: how }));
    if (how === 'sync') model.barrierPassed();
  });
}

/** Sends with one key that do not wait for each other: at most one of them is stored, and all get its receipt. */
function sendTogether(one: Shape, count: number, how: Durability): FlowCommand {
  return command(`sendTogether(${count} times ${describe(one)}, ${how})`, async (model, system) => {
    const plans = Array.from({ length: count }, () => plan(model, system, one));
    const receipts = await Promise.all(plans.map(([, message]) => system.producer.send(message, { durability: how })));
    const told = plans.map((planned, index) => ({ planned, receipt: receipts[index] as SendReceipt }));
    if (new Set(receipts.map(({ messageId }) => messageId)).size > 1)
      throw violation('I12', `${count} sends with the key ${one.key} at once stored more than one message`);
    const isFirst = ({ receipt }: { receipt: SendReceipt }): boolean => receipt.duplicate !== true;
    for (const { planned, receipt } of [...told.filter(isFirst), ...told.filter((each) => !isFirst(each))]) sent(model, planned, receipt);
    if (how === 'sync') model.barrierPassed();
  });
}

/** To the last millisecond of a window that begins now, or to its end. */
function windowEnds(ms: number): FlowCommand {
  return command(`windowEnds(${ms} ms)`, async (model, system) => {
    await system.clock.advance(DEDUP_WINDOW_MS + ms);
    model.timePassed();
    model.barrierPassed();
  });
}
