import { describe, expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';

// A disk with one bad moment. Each of these reads or writes failed once, and was never tried again: what waited for it waited for ever.

interface Place {
  readonly broker: TestBroker;
  readonly clock: ManualClock;
  readonly reads: ReadPlan;
}

/** A broker opened anew over stored messages, so that nothing of them is in memory. */
async function openedAnew(messages: number): Promise<Place> {
  const reads = new ReadPlan();
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock, storage: restiveStorage(new SimulatedDisk(), reads) });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const batch = Array.from({ length: messages }, (_, i) => ({ topic: 'orders', body: `${i}` }));
  for (let from = 0; from < messages; from += 1000) await broker.createProducer().sendBatch(batch.slice(from, from + 1000));
  await broker.reopen();
  return { broker, clock, reads };
}

describe('a read that failed once', () => {
  // The failed attachment was what the next one waited for, and so were all that followed.
  test('while a consumer was opened does not fail the next consumer of that group and topic', async () => {
    const reads = new ReadPlan();
    const broker = await openTestBroker({ storage: restiveStorage(new SimulatedDisk(), reads) });
    await broker.createProducer().send({ topic: 'orders', body: '0' });
    const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    await broker.admin.createGroup('billing');
    reads.failing.add('index');
    await expect(open()).rejects.toThrow();
    reads.failing.clear();
    const received = await (await open()).receive({ awaitDurationMs: 0 });
    expect(received.map((message) => message.text())).toEqual(['0']);
    await broker.close();
  });

  // What was picked went back to its queue, and nobody looked there again.
  test('in the log does not stall a push consumer', async () => {
    const { broker, clock, reads } = await openedAnew(3);
    const texts: string[] = [];
    reads.failing.add('log');
    const listener = (message: { text(): string }): void => void texts.push(message.text());
    await broker.createPushConsumer({ group: 'billing', subscriptions: { orders: '*' }, listener });
    await clock.advance(500);
    expect(texts).toEqual([]);
    reads.failing.clear();
    await clock.advance(2000);
    expect(texts.sort()).toEqual(['0', '1', '2']);
    await broker.close();
  });

  // The next run of the index counted as unreadable until the store was healed; a read that fails heals nothing.
  test('in the index does not stall a push consumer', async () => {
    const { broker, clock, reads } = await openedAnew(3000);
    let count = 0;
    const listener = (): void => {
      count++;
      if (count === 100) reads.failing.add('index');
    };
    await broker.createPushConsumer({ group: 'billing', subscriptions: { orders: '*' }, listener });
    await clock.advance(500);
    expect(count).toBeGreaterThanOrEqual(100);
    expect(count).toBeLessThan(3000);
    reads.failing.clear();
    await clock.advance(5000);
    expect(count).toBe(3000);
    await broker.close();
  });
});

// The batch looked its dedup key up twice, and nobody heard how the first look ended: Node ends a process for that.
test('a batch whose dedup key cannot be looked up is rejected, and no other promise', async () => {
  const { broker, reads } = await openedAnew(0);
  const keyed = (dedupKey: string) => ({ topic: 'orders', body: 'x', dedupKey });
  await broker.createProducer().send(keyed('first'));
  await broker.reopen();
  const producer = broker.createProducer();
  // Keys are in memory from here on, messages are not.
  await producer.send(keyed('second'));
  const unheard: unknown[] = [];
  const hear = (reason: unknown): unknown => unheard.push(reason);
  process.on('unhandledRejection', hear);
  reads.failing.add('log');
  await expect(producer.sendBatch([keyed('first')])).rejects.toThrow('EIO');
  reads.failing.clear();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  expect(unheard).toEqual([]);
  expect(await producer.sendBatch([keyed('first')])).toMatchObject([{ duplicate: true }]);
  await broker.close();
});

describe('a message whose last attempt ends while the disk is full', () => {
  const setUp = async (): Promise<{ broker: TestBroker; clock: ManualClock; failures: FaultPlan }> => {
    const failures = new FaultPlan();
    const clock = new ManualClock();
    const broker = await openTestBroker({ failures, clock });
    await broker.admin.createTopic('orders', { queueCount: 1 });
    await broker.admin.createGroup('billing', { maxAttempts: 1 });
    return { broker, clock, failures };
  };

  // It was neither dead nor due: the group stood still behind it, or it was delivered a second time.
  test('is given up when there is room again, and not delivered a second time', async () => {
    const { broker, clock, failures } = await setUp();
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, invisibleDurationMs: 100 });
    expect(await consumer.receive({ awaitDurationMs: 0 })).toHaveLength(1);
    failures.fill();
    // What fails first is something else, so that the dead letter waits behind a store that cannot be opened again.
    const refused = broker
      .createProducer()
      .send({ topic: 'other', body: 'refused' })
      .catch(() => undefined);
    await clock.advance(3000);
    failures.free();
    for (let i = 0; i < 20; i++) {
      await clock.advance(500);
      expect(await consumer.receive({ awaitDurationMs: 0 }).catch(() => [])).toEqual([]);
    }
    await refused;
    expect((await broker.admin.listDeadLetters('billing')).items).toMatchObject([{ attempts: 1 }]);
    await broker.close();
  });

  test('lets the next one of its message group go on, once it is a dead letter', async () => {
    const { broker, clock, failures } = await setUp();
    const delivered: string[] = [];
    let fail: (error: Error) => void = () => undefined;
    await broker.createPushConsumer({
      group: 'billing',
      subscriptions: { orders: '*' },
      listener: (message) => {
        delivered.push(`${message.text()}#${message.deliveryAttempt}`);
        return message.text() === 'stuck' ? new Promise((_, reject) => (fail = reject)) : 'success';
      },
    });
    const producer = broker.createProducer();
    for (const body of ['stuck', 'next']) await producer.send({ topic: 'orders', body, messageGroup: 'customer' });
    await clock.settle();
    failures.fill();
    const refused = producer.send({ topic: 'other', body: 'refused' }).catch(() => undefined);
    await clock.settle();
    fail(new Error('no'));
    await clock.advance(3000);
    failures.free();
    await clock.advance(20_000);
    await refused;
    expect(delivered).toEqual(['stuck#1', 'next#1']);
    expect((await broker.admin.listDeadLetters('billing')).items).toHaveLength(1);
    expect(await broker.admin.stats()).toMatchObject({ state: 'open', unsettled: 0 });
    await broker.close({ deadlineMs: 0 });
  });
});

// The acknowledgement that could not be written was written again, and again, within one turn of the event loop: the process stood still.
test('a broker closes while its store has failed and an acknowledgement waits for it', async () => {
  const failures = new FaultPlan();
  const clock = new ManualClock();
  const broker = await openTestBroker({ failures, clock });
  let end: () => void = () => undefined;
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: '*' },
    listener: () => new Promise<void>((resolve) => (end = resolve)),
  });
  const producer = broker.createProducer();
  await producer.send({ topic: 'orders', body: 'one' });
  await clock.settle();
  failures.fill();
  const refused = producer.send({ topic: 'orders', body: 'refused' }).catch((error: unknown) => error);
  await clock.advance(100);
  end();
  await clock.advance(5000);
  expect(await broker.admin.stats()).toMatchObject({ state: 'failed', unsettled: 1 });
  const closing = broker.close();
  await clock.advance(40_000);
  await closing;
  expect(await refused).toBeInstanceOf(Error);
});
