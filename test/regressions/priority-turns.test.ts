import { expect, test } from 'vitest';
import type { MessageView, SimpleConsumer } from '../../src/index.ts';
import { ManualClock, openTestBroker, SimulatedDisk, type TestBroker, type TestBrokerOptions } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';

// "Every sixteenth message is of the level that has waited longest": what made it every thirty-first, or never. Found by the model and by reading.

const patience = { topic: 'alerts', body: 'patient', priority: 0 };
const urgent = Array.from({ length: 40 }, (_, i) => ({ topic: 'alerts', body: `${i}`, priority: 9 }));

async function alerts(options?: TestBrokerOptions): Promise<TestBroker> {
  const broker = await openTestBroker(options);
  await broker.admin.createTopic('alerts', { type: 'priority', queueCount: 1 });
  return broker;
}

function onDuty(broker: TestBroker): Promise<SimpleConsumer> {
  return broker.createSimpleConsumer({ group: 'duty', subscriptions: { alerts: '*' }, awaitDurationMs: 0 });
}

async function receive(consumer: SimpleConsumer, maxMessages: number): Promise<string[]> {
  return textsOf(await consumer.receive({ maxMessages }));
}

function textsOf(messages: readonly MessageView[]): string[] {
  return messages.map((message) => message.text());
}

// Whoever asked for the progress of a group had its consumers put their queues together anew, and the count of sixteen began again with that: with
// metrics that were read often enough, low priorities starved.
test('progress that is asked for counts nothing anew', async () => {
  const broker = await alerts();
  const consumer = await onDuty(broker);
  await broker.createProducer().sendBatch([patience, ...urgent]);
  const seen: string[] = [];
  while (seen.length < 41) {
    seen.push(...(await receive(consumer, 5)));
    await broker.admin.getGroupProgress('duty');
  }
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// A queue that was added did the same.
test('a topic that grows counts nothing anew', async () => {
  const broker = await alerts();
  const consumer = await onDuty(broker);
  await broker.createProducer().sendBatch([patience, ...urgent]);
  const seen = await receive(consumer, 10);
  await broker.admin.updateTopic('alerts', { queueCount: 2 });
  seen.push(...(await receive(consumer, 10)));
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// Each consumer counted for itself: of two that took turns, neither came to its sixteenth message while the other one had fifteen of its own.
test('consumers of a group take turns together', async () => {
  const broker = await alerts();
  const consumers = [await onDuty(broker), await onDuty(broker)];
  await broker.createProducer().sendBatch([patience, ...urgent]);
  const seen: string[] = [];
  for (let i = 0; i < 20; i++) seen.push(...(await receive(consumers[i % 2] as SimpleConsumer, 1)));
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// A turn counted when it was picked: where its message had expired, the oldest of the others waited for another fifteen.
test('a message that has expired takes no turn', async () => {
  const clock = new ManualClock();
  const broker = await alerts({ clock });
  const consumer = await onDuty(broker);
  await broker.createProducer().sendBatch([{ ...patience, body: 'brief', ttlMs: 1_000 }, patience, ...urgent]);
  const seen = await receive(consumer, 15);
  await clock.advance(1_000);
  seen.push(...(await receive(consumer, 1)));
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// The same where the highest had expired: the oldest came in their stead although fifteen others were waiting.
test('urgent messages that have expired bring the oldest no nearer', async () => {
  const clock = new ManualClock();
  const broker = await alerts({ clock });
  const consumer = await onDuty(broker);
  const brief = Array.from({ length: 14 }, (_, i) => ({ topic: 'alerts', body: `brief ${i}`, priority: 9, ttlMs: 1_000 }));
  await broker.createProducer().sendBatch([patience, ...brief, ...urgent]);
  await clock.advance(1_000);
  const seen: string[] = [];
  while (seen.length < 20) seen.push(...(await receive(consumer, 1)));
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// The level whose first message had waited longest had the turn although the group wanted nothing of it but what came last.
test('who has waited longest is judged by what the group wants', async () => {
  const broker = await alerts();
  const consumer = await broker.createSimpleConsumer({ group: 'duty', subscriptions: { alerts: 'wanted' }, awaitDurationMs: 0 });
  const producer = broker.createProducer();
  const wanted = { topic: 'alerts', tag: 'wanted' };
  await producer.sendBatch([
    { topic: 'alerts', body: 'unwanted', priority: 0, tag: 'other' },
    { ...wanted, body: 'patient', priority: 1 },
    ...urgent.map((message) => ({ ...message, ...wanted })),
    { ...wanted, body: 'new', priority: 0 },
  ]);
  const seen = await receive(consumer, 20);
  expect([seen.indexOf('patient'), seen.indexOf('new')]).toEqual([15, -1]);
  await broker.close();
});

// The oldest of a level was in flight when the process died, and waited for another such message: a young one of its level had the turn in its place.
test('who has waited longest is judged by what may be delivered', async () => {
  const broker = await alerts();
  await broker.admin.createGroup('duty', { maxAttempts: 3 });
  const producer = broker.createProducer();
  await producer.sendBatch([patience, { ...patience, body: 'waits' }]);
  await receive(await onDuty(broker), 2);
  await broker.crash();
  await broker.reopen();
  await broker.createProducer().sendBatch([{ ...patience, body: 'next', priority: 1 }, ...urgent, { ...patience, body: 'new' }]);
  const consumer = await onDuty(broker);
  const seen = await receive(consumer, 32);
  expect(seen.filter((text) => !/^[0-9]+$/.test(text))).toEqual(['patient', 'next']);
  await broker.close();
});

// Messages that were being read for a consumer that gave its subscription up meanwhile go to others, and so do their turns.
test('what another consumer was about to get takes no turn', async () => {
  const broker = await alerts();
  await broker.createProducer().sendBatch([patience, ...urgent]);
  await broker.close();
  await broker.reopen();
  const [first, second] = [await onDuty(broker), await onDuty(broker)];
  const before = first.receive({ maxMessages: 15 });
  await first.unsubscribe('alerts');
  expect(await before).toEqual([]);
  const seen = await receive(second, 20);
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// A pull consumer that goes elsewhere in its queue gets nothing of what was being read for it.
test.each(['before', 'during'] as const)('what a seek %s the poll makes void takes no turn', async (when) => {
  const broker = await alerts();
  await broker.createProducer().sendBatch([patience, ...urgent]);
  if (when === 'during') {
    await broker.close();
    await broker.reopen();
  }
  const consumer = await broker.createPullConsumer({ group: 'duty', subscriptions: { alerts: '*' } });
  const queue = consumer.assignment().find(({ priority }) => priority === 9);
  if (queue === undefined) throw new Error('no queue is assigned');
  const poll = () => consumer.poll({ maxMessages: 10, awaitDurationMs: 0 });
  let polled = when === 'during' ? poll() : undefined;
  const sought = consumer.seek(queue, 0);
  polled ??= poll();
  await sought;
  const seen = textsOf(await polled);
  while (seen.length < 20) seen.push(...textsOf(await poll()));
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// A process that ended after ten messages began with the highest each time.
test('processes that come and go for a few messages each starve nothing', async () => {
  const broker = await alerts();
  await broker.createProducer().sendBatch([patience, ...urgent]);
  const seen: string[] = [];
  for (let life = 0; life < 3; life++) {
    const consumer = await onDuty(broker);
    const messages = await consumer.receive({ maxMessages: 10 });
    await consumer.ack(messages);
    seen.push(...textsOf(messages));
    if (life === 1) await broker.crash();
    else await broker.close();
    await broker.reopen();
  }
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// The same for pull consumers, and for those that lose a queue to another one.
test('pull consumers that come and go for a few messages each starve nothing', async () => {
  const broker = await alerts();
  await broker.createProducer().sendBatch([patience, ...urgent]);
  const seen: string[] = [];
  for (let life = 0; life < 3; life++) {
    const consumer = await broker.createPullConsumer({ group: 'duty', subscriptions: { alerts: '*' } });
    seen.push(...textsOf(await consumer.poll({ maxMessages: 10, awaitDurationMs: 0 })));
    await consumer.commit();
    await consumer.close();
    if (life === 1) {
      await broker.close();
      await broker.reopen();
    }
  }
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});

// A turn that was given back because its message could not be read was taken by the same message again, for ever.
test('an oldest message that cannot be read keeps nobody else from coming', async () => {
  const reads = new ReadPlan();
  const broker = await alerts({ storage: restiveStorage(new SimulatedDisk(), reads) });
  await broker.createProducer().send(patience);
  await broker.reopen();
  const consumer = await onDuty(broker);
  await broker.createProducer().sendBatch(urgent);
  reads.failing.add('log');
  const seen: string[] = [];
  for (let i = 0; i < 20; i++) seen.push(...(await receive(consumer, 1).catch(() => ['unreadable'])));
  expect(seen.indexOf('unreadable')).toBe(15);
  expect(seen.filter((text) => text === 'unreadable')).toHaveLength(1);
  reads.failing.clear();
  seen.push(...(await receive(consumer, 20)));
  expect(seen.indexOf('patient')).toBe(31);
  await broker.close();
});
