import * as fc from 'fast-check';
import { type Durability, isBrokerError, type Message, type SendReceipt } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowModel, ModelMessage } from './flow-model.ts';
import { type FlowSystem, WANTED_TAG } from './flow-system.ts';
import { violation } from './push-journal.ts';

interface Shape {
  readonly topic: number;
  readonly tag: string | undefined;
  readonly messageGroup: string | undefined;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  topic: fc.nat(7),
  tag: fc.constantFrom(WANTED_TAG, 'b', undefined),
  messageGroup: fc.constantFrom('g', 'h', undefined, undefined),
});
const durability: fc.Arbitrary<Durability> = fc.constantFrom('sync', 'async');

/** Commands that send. */
export function sendingCommands(): fc.Arbitrary<FlowCommand>[] {
  return [
    fc.tuple(shape, durability).map(([one, how]) => send(one, how)),
    fc.tuple(shape, durability).map(([one, how]) => send({ ...one, messageGroup: 'g' }, how)),
    fc.tuple(fc.array(shape, { minLength: 1, maxLength: 6 }), durability).map(([shapes, how]) => sendBatch(shapes, how)),
    fc.tuple(shape, durability, fc.boolean()).map(([one, how, applied]) => sendOverFailure(one, how, applied)),
    fc
      .tuple(fc.array(shape, { minLength: 1, maxLength: 8 }), durability, fc.nat(6))
      .map(([shapes, how, turns]) => cutOff(shapes, how, turns)),
  ];
}

function send(one: Shape, how: Durability): FlowCommand {
  return command(`send(${describe(one)}, ${how})`, async (model, system) => {
    const [planned, message] = plan(model, system, one);
    const receipt = await system.producer.send(message, { durability: how });
    stored(model, planned, receipt);
    if (how === 'sync') model.barrierPassed();
  });
}

function sendBatch(shapes: readonly Shape[], how: Durability): FlowCommand {
  return command(`sendBatch([${shapes.map(describe).join('; ')}], ${how})`, async (model, system) => {
    const plans = shapes.map((one) => plan(model, system, one));
    const receipts = await system.producer.sendBatch(
      plans.map(([, message]) => message),
      { durability: how },
    );
    for (const [index, [planned]] of plans.entries()) stored(model, planned, receipts[index] as SendReceipt);
    if (how === 'sync') model.barrierPassed();
  });
}

/** The write fails, and the broker heals: a send that resolves is stored once, one that rejects is not stored. */
function sendOverFailure(one: Shape, how: Durability, applied: boolean): FlowCommand {
  return command(`sendOverFailure(${describe(one)}, ${how}, applied ${applied})`, async (model, system) => {
    const [planned, message] = plan(model, system, one);
    system.faults.failWrite('log', 1, { applied });
    const outcome = await system.producer.send(message, { durability: how }).catch((error: unknown) => error);
    await system.clock.advance(1_000);
    model.timePassed(system.clock.monotonic());
    if (!isBrokerError(outcome)) stored(model, planned, outcome as SendReceipt);
    else if (outcome.code !== 'MQ_STORE_WRITE_FAILED') throw violation('I1', `a failed write became ${outcome.code}: ${outcome.message}`);
    // The broker has opened its stores again, and that makes everything durable.
    model.barrierPassed();
  });
}

/** The process dies while sends are under way: those with a receipt are kept, the others perhaps. */
function cutOff(shapes: readonly Shape[], how: Durability, turns: number): FlowCommand {
  return command(`cutOff([${shapes.map(describe).join('; ')}], ${how}, after ${turns} turns)`, async (model, system) => {
    const receipts = new Map<ModelMessage, SendReceipt>();
    const plans = shapes.map((one) => plan(model, system, one));
    const settled = Promise.allSettled(
      plans.map(([planned, message]) =>
        system.producer.send(message, { durability: how }).then((receipt) => receipts.set(planned, receipt)),
      ),
    );
    for (let i = 0; i < turns; i++) await undefined;
    const crashed = system.broker.crash();
    system.pushed.processEnded(true);
    await crashed;
    await settled;
    for (const [planned] of plans) {
      const receipt = receipts.get(planned);
      if (receipt === undefined) model.add({ ...planned, mayBeLost: true });
      else stored(model, planned, receipt);
    }
    model.processEnded('crashed');
    await system.reopen();
  });
}

function plan(model: FlowModel, system: FlowSystem, { topic, tag, messageGroup }: Shape): [ModelMessage, Message] {
  const name = model.nextName();
  const topicName = system.topics[topic % system.topics.length] as string;
  const planned: ModelMessage = { name, topic: topicName, tag, messageGroup, place: undefined, durable: false, mayBeLost: false };
  return [planned, { topic: topicName, body: name, tag, messageGroup }];
}

/** A receipt came: its offset is new, higher than every other one of its queue. */
function stored(model: FlowModel, planned: ModelMessage, { messageId, queueId, queueOffset, topic }: SendReceipt): void {
  for (const { name, place, topic: other, mayBeLost } of model.messages.values()) {
    if (place === undefined || other !== topic) continue;
    if (place.messageId === messageId) throw violation('I6', `${planned.name} has the id of ${name}`);
    if (place.queueId !== queueId || place.queueOffset < queueOffset) continue;
    // A power cut may free offsets, never those of what was kept.
    if (!mayBeLost) throw violation('I6', `${planned.name} got the offset ${queueOffset}, but ${name} has ${place.queueOffset}`);
    for (const group of model.groups.values()) group.deliveries.delete(name);
    model.messages.delete(name);
  }
  model.add({ ...planned, place: { messageId, queueId, queueOffset } });
}

function describe({ topic, tag, messageGroup }: Shape): string {
  return [`topic ${topic}`, tag === undefined ? '' : ` #${tag}`, messageGroup === undefined ? '' : ` in ${messageGroup}`].join('');
}
