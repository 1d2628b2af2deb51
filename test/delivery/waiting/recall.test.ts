import { describe, expect, test } from 'vitest';
import type { MessageView, SimpleConsumer } from '../../../src/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { openTestBroker } from '../../../src/testing/open-test-broker.ts';
import type { TestBroker } from '../../../src/testing/test-broker.ts';

const TOPIC = 'orders';
const GROUP = 'workers';

async function open(groupOptions: { ordered?: boolean; maxAttempts?: number }): Promise<{ broker: TestBroker; clock: ManualClock }> {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createTopic(TOPIC, { queueCount: 1, ...(groupOptions.ordered ? { type: 'fifo' } : {}) });
  await broker.admin.createGroup(GROUP, groupOptions);
  return { broker, clock };
}

const consumerOf = (broker: TestBroker, tags = '*'): Promise<SimpleConsumer> =>
  broker.createSimpleConsumer({ group: GROUP, subscriptions: { [TOPIC]: tags }, invisibleDurationMs: 30_000, awaitDurationMs: 0 });

async function receiveAll(consumer: SimpleConsumer): Promise<MessageView[]> {
  const all: MessageView[] = [];
  for (;;) {
    const some = await consumer.receive({ maxMessages: 32 });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

const texts = (messages: readonly MessageView[]): string[] => messages.map((message) => message.text());

describe('a message group after the broker was opened again', () => {
  test('delivers a dead letter that came back, although it lies above the floor', async () => {
    const { broker } = await open({ ordered: true });
    const producer = await broker.createProducer();
    for (const [messageGroup, body] of [
      ['x', 'x1'],
      ['a', 'a1'],
      ['a', 'a2'],
    ] as const)
      await producer.send({ topic: TOPIC, messageGroup, body });
    const consumer = await consumerOf(broker);
    const first = await receiveAll(consumer);
    expect(texts(first)).toEqual(['x1', 'a1']);
    await consumer.forwardToDeadLetter(first[1] as MessageView, 'not now');
    const second = await receiveAll(consumer);
    expect(texts(second)).toEqual(['a2']);
    await consumer.ack(second[0] as MessageView);
    await broker.admin.redriveDeadLetters(GROUP);
    await broker.crash();
    await broker.reopen();
    const again = await receiveAll(await consumerOf(broker));
    expect(texts(again).sort()).toEqual(['a1', 'x1']);
    await broker.close();
  });
});

describe('a message that was delivered before and is not wanted any more', () => {
  test('counts as unsettled no longer, and lets the next suspect have its turn', async () => {
    const { broker, clock } = await open({ maxAttempts: 3 });
    const producer = await broker.createProducer();
    await producer.send({ topic: TOPIC, tag: 'red', body: 'red' });
    await producer.send({ topic: TOPIC, tag: 'blue', body: 'blue' });
    expect(await receiveAll(await consumerOf(broker))).toHaveLength(2);
    await broker.crash();
    await broker.reopen();
    const consumer = await consumerOf(broker, 'blue');
    // The one that is not wanted is suspected first; the other goes out as soon as it is settled.
    const blue = await receiveAll(consumer);
    await clock.settle();
    blue.push(...(await receiveAll(consumer)));
    expect(texts(blue)).toEqual(['blue']);
    await consumer.ack(blue);
    expect((await broker.admin.stats()).unsettled).toBe(0);
    await broker.close();
  });
});
