import { describe, expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../../src/testing/index.ts';

const subscriptions = { orders: '*' };

async function received(broker: TestBroker): Promise<string[]> {
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions, awaitDurationMs: 0 });
  const texts: string[] = [];
  for (let messages = await consumer.receive(); messages.length > 0; messages = await consumer.receive()) {
    texts.push(...messages.map((message) => message.text()));
  }
  await consumer.close();
  return texts.sort();
}

describe('a test broker', () => {
  test('gives receipts of the durability that was asked for', async () => {
    const broker = await openTestBroker();
    const producer = broker.createProducer();
    expect((await producer.send({ topic: 'orders', body: 'a' })).durability).toBe('sync');
    expect((await producer.send({ topic: 'orders', body: 'b' }, { durability: 'async' })).durability).toBe('async');
  });

  test('keeps sync and async messages over a crash, and serves again as the same object', async () => {
    const broker = await openTestBroker();
    await broker.createProducer().send({ topic: 'orders', body: 'sync' });
    await broker.createProducer().send({ topic: 'orders', body: 'async' }, { durability: 'async' });
    await broker.crash();
    await broker.reopen();
    expect(await received(broker)).toEqual(['async', 'sync']);
  });

  // It closed once more, and was given the failure of before each time.
  test('serves again after a close that failed', async () => {
    const failures = new FaultPlan();
    const broker = await openTestBroker({ failures });
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    failures.failWrite('index', 1);
    await expect(broker.close()).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
    await broker.reopen();
    expect(await received(broker)).toEqual(['one']);
  });

  test('loses by a power cut what no barrier had covered, and nothing else', async () => {
    const broker = await openTestBroker();
    await broker.createProducer().send({ topic: 'orders', body: 'sync' });
    await broker.createProducer().send({ topic: 'orders', body: 'async' }, { durability: 'async' });
    await broker.powerCut();
    await broker.reopen();
    expect(await received(broker)).toEqual(['sync']);
  });

  test('keeps async messages over a power cut once the next barrier is over', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    await broker.createProducer().send({ topic: 'orders', body: 'async' }, { durability: 'async' });
    await clock.advance(200);
    await broker.powerCut();
    await broker.reopen();
    expect(await received(broker)).toEqual(['async']);
  });

  test('rejects by a crash what is pending, and everything that is older than the crash', async () => {
    const broker = await openTestBroker();
    const producer = broker.createProducer();
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions });
    const receiving = consumer.receive();
    const refused = expect(receiving).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await broker.settle();
    await broker.crash();
    await refused;
    await expect(producer.send({ topic: 'orders', body: 'x' })).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await expect(broker.admin.listTopics()).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await broker.reopen();
    await expect(producer.send({ topic: 'orders', body: 'x' })).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await expect(consumer.receive()).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await broker.createProducer().send({ topic: 'orders', body: 'x' });
  });

  test('crashes though a listener never ends', async () => {
    const broker = await openTestBroker();
    await broker.createPushConsumer({ group: 'billing', subscriptions, listener: () => new Promise(() => {}) });
    await broker.createProducer().send({ topic: 'orders', body: 'x' });
    await broker.settle();
    await broker.crash();
    await broker.reopen();
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions, awaitDurationMs: 0 });
    expect((await consumer.receive()).map((message) => message.deliveryAttempt)).toEqual([2]);
  });

  test('is repeatable: one seed gives one story, to the last byte', async () => {
    const story = async (seed: number): Promise<string> => {
      const disk = new SimulatedDisk();
      const clock = new ManualClock();
      const broker = await openTestBroker({ seed, storage: disk, clock });
      await broker.createPushConsumer({
        group: 'billing',
        subscriptions,
        listener: (message) => (message.text() === '3' ? 'failure' : 'success'),
      });
      for (let i = 0; i < 10; i++) await broker.createProducer().send({ topic: 'orders', body: `${i}`, messageGroup: `${i % 3}` });
      await clock.advance(5_000);
      await broker.powerCut({ survivors: 'some' });
      await broker.reopen();
      await broker.close();
      return JSON.stringify([disk.dump('log'), disk.dump('index'), broker.recordedEvents.map(({ kind, atMs }) => [kind, atMs])]);
    };
    const first = await story(42);
    expect(await story(42)).toBe(first);
    expect(await story(43)).not.toBe(first);
  });

  test('fails the writes that it is told to fail, and heals', async () => {
    const failures = new FaultPlan();
    const clock = new ManualClock();
    const broker = await openTestBroker({ failures, clock });
    const producer = broker.createProducer();
    await producer.send({ topic: 'orders', body: 'before' });
    failures.failWrite('log', 1, { applied: true });
    await producer.send({ topic: 'orders', body: 'during' });
    expect((await broker.admin.stats()).heals).toBeGreaterThan(0);
    expect(await received(broker)).toEqual(['before', 'during']);
  });

  test('remembers what happened to a topic, over crashes', async () => {
    const broker = await openTestBroker();
    await broker.createProducer().send({ topic: 'orders', body: 'a' });
    await broker.createProducer().send({ topic: 'other', body: 'b' });
    await broker.crash();
    await broker.reopen();
    await received(broker);
    expect(broker.eventsOf('orders').map(({ kind }) => kind)).toEqual(['topicCreated', 'sent', 'delivered']);
    let heard = 0;
    broker.events.on('sent', () => heard++);
    await broker.crash();
    await broker.reopen();
    await broker.createProducer().send({ topic: 'orders', body: 'c' });
    expect(heard).toBe(1);
    broker.forgetEvents();
    expect(broker.eventsOf('orders')).toEqual([]);
  });

  test('stands on any storage, and refuses a power cut where there is no simulated disk', async () => {
    const disk = new SimulatedDisk();
    const broker = await openTestBroker({ storage: { kind: 'disk', acquire: (options) => disk.acquire(options) } });
    await broker.createProducer().send({ topic: 'orders', body: 'a' });
    await expect(broker.powerCut()).rejects.toMatchObject({ code: 'MQ_NOT_SUPPORTED' });
    await broker.crash();
    await broker.reopen();
    expect(await received(broker)).toEqual(['a']);
  });

  test('refuses a location, a seed that is no number, and a disk by name', async () => {
    for (const options of [{ location: './data' }, { seed: Number.NaN }, { storage: 'disk' as const }]) {
      await expect(openTestBroker(options)).rejects.toMatchObject({ code: 'MQ_ILLEGAL_ARGUMENT' });
    }
  });

  test('passes 30 days with a retry and a lease pending in less than a second of work', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    const month = 30 * 24 * 3_600_000;
    await broker.admin.createGroup('billing', { retryPolicy: { kind: 'customized', delaysMs: [month] } });
    await broker.createPushConsumer({ group: 'billing', subscriptions, listener: () => 'failure' });
    await broker.createProducer().send({ topic: 'orders', body: 'a' });
    await clock.settle();
    const before = process.cpuUsage();
    await clock.advance(month - 1);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(1_000_000);
    expect(broker.eventsOf('orders').filter(({ kind }) => kind === 'delivered')).toHaveLength(1);
    await clock.advance(1);
    expect(broker.eventsOf('orders').filter(({ kind }) => kind === 'delivered')).toHaveLength(2);
  });
});
