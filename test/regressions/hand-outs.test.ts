import { expect, test } from 'vitest';
import { Broker, type MessageView, type SimpleConsumer } from '../../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';
import { turns } from './turns.ts';

// A hand-out reads what was picked, writes down who got it, and shows it. Between these steps blocks leave the cache, subscriptions end and
// consumers close. A pick that did not reach its consumer was then taken for a message that nobody wants, and settled for the whole group.

/** Everything that the group has, one after the other, acknowledged. */
async function drained(consumer: SimpleConsumer): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const messages = await consumer.receive({ awaitDurationMs: 0, maxMessages: 32 });
    if (messages.length === 0) return texts;
    texts.push(...messages.map((message) => message.text()));
    await consumer.ack(messages);
  }
}

// The blocks that were missing pushed those out of the cache that had been there when the picks were made; their messages, no longer to be
// found, were settled as filtered.
test('messages whose block leaves the cache while their hand-out reads another one are delivered', async () => {
  const broker = await openTestBroker({ limits: { cacheBytes: 1_000_000 } });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const producer = broker.createProducer();
  const padding = '.'.repeat(10_000);
  for (let i = 0; i < 600; i++) await producer.send({ topic: 'orders', body: `${i}${padding}` });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  await broker.admin.resetOffset('billing', { topic: 'orders', queueId: 0, to: { offset: 485 } });
  const received = (await drained(consumer)).map((text) => Number.parseInt(text, 10));
  expect(received).toEqual(Array.from({ length: 115 }, (_, i) => 485 + i));
  await broker.close();
});

// One consumer's change of mind cost the group its messages: what was being read for it was settled as filtered.
test('messages that are being read for a consumer when it unsubscribes are left for the other consumers of its group', async () => {
  const reads = new ReadPlan();
  const storage = restiveStorage(new SimulatedDisk(), reads);
  let broker = await Broker.open({ storage, logger: false });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  await broker.admin.createTopic('other', { queueCount: 1 });
  for (let i = 0; i < 8; i++) await broker.createProducer().send({ topic: 'orders', body: `${i}` });
  await broker.close();
  broker = await Broker.open({ storage, logger: false });
  const fickle = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*', other: '*' } });
  reads.hold();
  const receiving = fickle.receive({ awaitDurationMs: 50 });
  await turns();
  await fickle.unsubscribe('orders');
  reads.release();
  expect(await receiving).toEqual([]);
  const faithful = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  expect(await drained(faithful)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  await broker.close();
});

// Every hand-out that came to nothing started the next one from within itself.
test('a receive passes by twenty thousand messages that its group does not want', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const consumer = await broker.createSimpleConsumer({
    group: 'billing',
    subscriptions: { orders: '*' },
    startFrom: { atMs: clock.now() + 3_600_000 },
  });
  const producer = broker.createProducer();
  const batch = Array.from({ length: 4000 }, () => ({ topic: 'orders', body: 'x' }));
  for (let i = 0; i < 5; i++) await producer.sendBatch(batch);
  const receiving = consumer.receive({ maxMessages: 1, awaitDurationMs: 100 });
  await clock.advance(100);
  expect(await receiving).toEqual([]);
  await clock.advance(3_600_000);
  await producer.send({ topic: 'orders', body: 'wanted' });
  expect(await drained(consumer)).toEqual(['wanted']);
  await broker.close();
});

// The hand-out was counted as the only attempt, but its receiver was told that the consumer is closed: a message went to the dead letters
// that nobody had ever seen.
test('a receive whose hand-out is on its way to the log when its consumer closes gets the messages', async () => {
  const failures = new FaultPlan();
  const broker = await openTestBroker({ failures });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  await broker.admin.createGroup('billing', { maxAttempts: 1 });
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  failures.freezeWrites();
  const outcome = consumer.receive().catch((error: unknown) => error);
  await turns();
  const closing = consumer.close();
  await turns();
  failures.thaw();
  expect(await outcome).toMatchObject([{ deliveryAttempt: 1 }]);
  await closing;
  await broker.close();
});

// A message that was filtered let a dead letter out that had come back behind it, and the wake-up for that came in the middle of the very hand-out
// whose listener calls were not counted yet.
test('a push consumer that filters the head of a message group has no more calls than its concurrency', async () => {
  const broker = await openTestBroker();
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const producer = broker.createProducer();
  const send = (body: string, wanted: boolean, messageGroup?: string) =>
    producer.send({ topic: 'orders', body, properties: { wanted: `${wanted}` }, messageGroup });
  await send('came back', true, 'ada');
  await send('unwanted', false, 'ada');
  await send('other', true);
  const first = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, maxMessages: 1 });
  const [head] = await first.receive();
  await first.forwardToDeadLetter(head as MessageView);
  await first.receive();
  await broker.admin.redriveDeadLetters('billing');
  await first.close();
  const started: string[] = [];
  const ends: (() => void)[] = [];
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: { sql: 'wanted' } },
    concurrency: 1,
    listener: (message) => {
      started.push(message.text());
      return new Promise((resolve) => ends.push(() => resolve('success')));
    },
  });
  await turns();
  expect(started).toHaveLength(1);
  ends[0]?.();
  await turns();
  ends[1]?.();
  expect(started.sort()).toEqual(['came back', 'other']);
  await broker.close();
});
