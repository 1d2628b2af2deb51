import * as fc from 'fast-check';
import { command, type FlowCommand } from './command.ts';
import { GROUPS } from './flow-system.ts';
import { plan, priority, type Shape } from './message-shape.ts';
import { receiveAndCheck } from './receiving-steps.ts';
import { sent } from './sending-steps.ts';

/** Commands that build a backlog of priorities up and work it off. */
export function priorityCommands(): fc.Arbitrary<FlowCommand>[] {
  const levels = fc.array(priority, { minLength: 10, maxLength: 40, size: 'max' });
  return [levels.map(backlog), fc.constantFrom(3, 20, 100).map(workOff)];
}

function backlog(levels: readonly number[]): FlowCommand {
  return command(`backlog(${levels.join(' ')})`, async (model, system) => {
    const one: Shape = { topic: 0, tag: undefined, messageGroup: undefined };
    const plans = levels.map((level) => plan(model, system, { ...one, priority: level }));
    const receipts = await system.producer.sendBatch(plans.map(([, message]) => message));
    for (const [index, receipt] of receipts.entries()) {
      const planned = plans[index];
      if (planned !== undefined) sent(model, planned, receipt);
    }
    model.barrierPassed();
  });
}

function workOff(maxMessages: number): FlowCommand {
  return command(`workOff(${maxMessages})`, async (model, system) => {
    const deliveries = await receiveAndCheck(model, system, { group: GROUPS.all, maxMessages, invisibleDurationMs: 1_000 });
    const views = deliveries.flatMap(({ view }) => (view === undefined ? [] : [view]));
    await system.consumer(GROUPS.all).ack(views);
    for (const delivery of deliveries) model.group(GROUPS.all).settle(delivery, 'acked');
  });
}
