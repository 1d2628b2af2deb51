import { describe, expect, test } from 'vitest';
import { FaultPlan, type ManualClock, openTestBroker, SimulatedDisk } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';
import { turns } from './turns.ts';

// A deletion took effect in memory before its record was in the log. Whoever asked for the name in between found the old record, made the
// topic or the group again from it, and went on with something that no longer existed.

// Sends went to the topic's ghost, with receipts, and were gone at the next opening.
test('what is sent after a topic was deleted under traffic is there after the next opening', async () => {
  const failures = new FaultPlan();
  const broker = await openTestBroker({ failures });
  const producer = broker.createProducer();
  await producer.send({ topic: 'orders', body: 'before' });
  failures.freezeWrites();
  const deleting = broker.admin.deleteTopic('orders');
  await turns();
  const meanwhile = Promise.allSettled(Array.from({ length: 5 }, () => producer.send({ topic: 'orders', body: 'meanwhile' })));
  await turns();
  failures.thaw();
  await deleting;
  for (const outcome of await meanwhile)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'MQ_TOPIC_NOT_FOUND' });
  for (let i = 0; i < 10; i++) await producer.send({ topic: 'orders', body: `after ${i}` });
  expect(await broker.admin.getTopic('orders')).toMatchObject({ name: 'orders' });
  await broker.reopen();
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  const received = await consumer.receive({ maxMessages: 32, awaitDurationMs: 0 });
  const texts = received.map((message) => message.text()).filter((text) => text.startsWith('after'));
  expect(texts).toHaveLength(10);
  await broker.close();
});

// Whoever looked at a group while it was being deleted brought it back into the list of groups in use.
test('a group that is looked at while it is deleted is gone afterwards', async () => {
  const failures = new FaultPlan();
  const broker = await openTestBroker({ failures });
  await broker.admin.createGroup('billing', { maxAttempts: 3 });
  failures.freezeWrites();
  const deleting = broker.admin.deleteGroup('billing');
  for (let i = 0; i < 20; i++) {
    await broker.admin.getGroup('billing');
    await turns(1);
  }
  failures.thaw();
  await deleting;
  expect(await broker.admin.getGroup('billing')).toBeUndefined();
  await broker.admin.createGroup('billing', { maxAttempts: 7 });
  expect(await broker.admin.getGroup('billing')).toMatchObject({ maxAttempts: 7 });
  await broker.close();
});

// The message was taken off the group's count with its topic, and once more when its listener ended.
test('a message that a listener still has when its topic is deleted is counted once', async () => {
  const broker = await openTestBroker();
  let end: () => void = () => undefined;
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: '*' },
    listener: () => new Promise<void>((resolve) => (end = resolve)),
  });
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  await broker.settle();
  expect((await broker.admin.stats()).unsettled).toBe(1);
  await broker.admin.deleteTopic('orders');
  expect((await broker.admin.stats()).unsettled).toBe(0);
  end();
  await broker.settle();
  expect((await broker.admin.stats()).unsettled).toBe(0);
  await broker.close();
});

// What was being read, or waited to be handed out alone after a death, was delivered behind the deletion: to consumers that had been told of it.
describe('a message of a topic that is deleted is not delivered any more', () => {
  test('when it was being read', async () => {
    const reads = new ReadPlan();
    const broker = await openTestBroker({ storage: restiveStorage(new SimulatedDisk(), reads) });
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    await broker.reopen();
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    reads.hold();
    const receiving = consumer.receive({ awaitDurationMs: 0 });
    await broker.admin.deleteTopic('orders');
    reads.release();
    expect(await receiving).toEqual([]);
    await broker.close();
  });

  test('when it waited to be handed out alone', async () => {
    const broker = await openTestBroker();
    await broker.admin.createTopic('orders', { queueCount: 2 });
    await broker.admin.createGroup('billing', { maxAttempts: 3 });
    const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    for (const body of ['one', 'two']) await broker.createProducer().send({ topic: 'orders', body });
    await (await open()).receive();
    await broker.crash();
    await broker.reopen();
    const consumer = await open();
    expect(await consumer.receive()).toHaveLength(1);
    const waiting = consumer.receive({ awaitDurationMs: 1_000 });
    await broker.admin.deleteTopic('orders');
    await (broker.clock as ManualClock).advance(1_000);
    expect(await waiting).toEqual([]);
    await broker.close();
  });
});

// A deleted topic's name was forgotten, and its dead letters told a number.
test('dead letters tell the name and the priorities of a deleted topic, also after a restart', async () => {
  const broker = await openTestBroker();
  await broker.admin.createTopic('alerts', { type: 'priority', queueCount: 1 });
  const consumer = await broker.createSimpleConsumer({ group: 'duty', subscriptions: { alerts: '*' } });
  await broker.createProducer().send({ topic: 'alerts', body: 'one', priority: 7 });
  for (const message of await consumer.receive()) await consumer.forwardToDeadLetter(message);
  await broker.admin.deleteTopic('alerts');
  for (const end of ['none', 'crash', 'close'] as const) {
    if (end === 'crash') await broker.crash();
    else if (end === 'close') await broker.close();
    if (end !== 'none') await broker.reopen();
    const { items } = await broker.admin.listDeadLetters('duty');
    expect(items.map(({ originTopic, originQueueId, message }) => [originTopic, originQueueId, message.topic, message.priority])).toEqual([
      ['alerts', 0, 'alerts', 7],
    ]);
  }
  await broker.close();
});
