import { expect, test } from 'vitest';
import type { Page } from '../../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// A rejected write closes both stores and opens them again. Whoever read in between was told that the store is closed, and to open it, although the broker
// was open and about to heal.

/** What a list reads at once. */
const PAGE_ENTRIES = 256;
const keys = Array.from({ length: 600 }, (_, i) => `key/${String(i).padStart(3, '0')}`);

test.each([false, true])('values of the application are listed over a heal (in reverse: %s)', async (reverse) => {
  const [failures, clock] = [new FaultPlan(), new ManualClock()];
  const broker = await openTestBroker({ failures, clock });
  await broker.atomic((unit) => {
    for (const key of keys) unit.put(key, key);
  });
  await broker.reopen();
  for (let later = 0; later < 40; later++) {
    const listed: string[] = [];
    let writing: Promise<void> | undefined;
    for await (const [key] of broker.store.entries({ prefix: 'key/', reverse, limit: 500 })) {
      if (listed.push(key) !== PAGE_ENTRIES) continue;
      failures.failWrite('log', 1, { applied: true });
      writing = broker.atomic((unit) => unit.put('other', 'value'), { durability: 'async' });
      for (let i = 0; i < later; i++) await undefined;
    }
    const expected = reverse ? keys.toReversed() : keys;
    expect(listed, `${later} steps later`).toEqual(expected.slice(0, 500));
    await clock.advance(60_000);
    await writing;
  }
  await broker.close();
});

test('messages, and the values of an application, are read while the stores are opened again', async () => {
  for (let later = 0; later < 30; later++) {
    const [failures, clock] = [new FaultPlan(), new ManualClock()];
    const broker = await openTestBroker({ failures, clock });
    await broker.atomic((unit) => {
      unit.put('key', 'value');
      unit.send({ topic: 'orders', body: 'one' });
    });
    await broker.reopen();
    const consumer = await broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } });
    failures.failWrite('log', 1, { applied: true });
    const sending = broker.createProducer().send({ topic: 'other', body: 'two' });
    for (let i = 0; i < later; i++) await undefined;
    const reading = Promise.all([broker.store.get('key'), consumer.poll({ awaitDurationMs: 0 })]);
    await clock.advance(60_000);
    const [value, messages] = await reading;
    expect(new TextDecoder().decode(value), `${later} steps later`).toBe('value');
    expect(messages.map((message) => message.text())).toEqual(['one']);
    await sending;
    await broker.close();
  }
});

test('positions, queues and delay messages are looked for while the stores are opened again', async () => {
  for (let later = 0; later < 30; later++) {
    const [failures, clock] = [new FaultPlan(), new ManualClock()];
    const broker = await openTestBroker({ failures, clock });
    const producer = broker.createProducer();
    const { recallHandle = '' } = await producer.send({ topic: 'reminders', body: 'x', delayMs: 86_400_000 });
    await producer.send({ topic: 'orders', body: 'one' });
    await (await broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } })).close();
    await broker.reopen();
    failures.failWrite('log', 1, { applied: true });
    const sending = broker.createProducer().send({ topic: 'other', body: 'two' });
    for (let i = 0; i < later; i++) await undefined;
    const reading = Promise.all([
      broker.admin.getGroupProgress('archive'),
      broker.createProducer().recall('reminders', recallHandle),
      broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } }),
    ]);
    await clock.advance(60_000);
    expect(
      (await reading)[0].reduce((lag, row) => lag + row.lag, 0),
      `${later} steps later`,
    ).toBe(1);
    await sending;
    await broker.close();
  }
});

/** Something to list, and the list of it. */
const lists: Readonly<
  Record<string, { readonly fill: (broker: TestBroker) => Promise<void>; readonly list: (broker: TestBroker) => Promise<Page<unknown>> }>
> = {
  'delay messages': {
    fill: async (broker) => {
      await broker.createProducer().send({ topic: 'reminders', body: 'one', delayMs: 86_400_000 });
    },
    list: (broker) => broker.admin.listDelayed('reminders'),
  },
  'dead letters': {
    fill: async (broker) => {
      const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
      await broker.createProducer().send({ topic: 'orders', body: 'poison' });
      for (const message of await consumer.receive({ awaitDurationMs: 0 })) await consumer.forwardToDeadLetter(message, 'poison');
    },
    list: (broker) => broker.admin.listDeadLetters('billing'),
  },
};

test.each(Object.entries(lists))('%s are listed while the stores are opened again', async (_, { fill, list }) => {
  for (let later = 0; later < 30; later++) {
    const [failures, clock] = [new FaultPlan(), new ManualClock()];
    const broker = await openTestBroker({ failures, clock });
    await fill(broker);
    await broker.reopen();
    failures.failWrite('log', 1, { applied: true });
    const sending = broker.createProducer().send({ topic: 'other', body: 'x' });
    for (let i = 0; i < later; i++) await undefined;
    const listing = list(broker);
    await clock.advance(60_000);
    expect((await listing).items, `${later} steps later`).toHaveLength(1);
    await sending;
    await broker.close();
  }
});

test('a read is refused with the reason of the heal that failed', async () => {
  const [failures, clock] = [new FaultPlan(), new ManualClock()];
  const broker = await openTestBroker({ failures, clock });
  await broker.atomic((unit) => unit.put('key', 'value'));
  await broker.reopen();
  failures.fill();
  const sending = broker.createProducer().send({ topic: 'orders', body: 'x' });
  const reading = Promise.allSettled(
    Array.from({ length: 30 }, async (_, later) => {
      for (let i = 0; i < later * 10; i++) await undefined;
      return await broker.store.get('key');
    }),
  );
  await turns(50);
  for (const outcome of await reading) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'MQ_DISK_FULL' });
  await expect(broker.store.get('key')).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
  failures.free();
  await clock.advance(60_000);
  expect(await broker.store.get('key')).toBeDefined();
  await Promise.allSettled([sending]);
  await broker.close();
});
