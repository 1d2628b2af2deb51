import { expect, test } from 'vitest';
import type { Logger } from '../src/index.ts';
import { ManualClock, openTestBroker } from '../src/testing/index.ts';

// What a user of transactions and atomic units forgets shows nowhere but in the log: a producer without a checker leaves half messages that nobody
// gets, and a listener that fails behind the unit in which it acknowledged is not called again. Both were silent, and so was a transaction that was
// parked while nobody listened to the event. SQL that is given as text alone is a tag that no message has: the group consumed nothing, for good.

type Warning = [message: string, fields: Record<string, unknown>];

function logged(): { logger: Logger; warnings: Warning[] } {
  const warnings: Warning[] = [];
  const warn = (fields: object, message: string): void => void warnings.push([message, { ...fields }]);
  const ignore = (): void => undefined;
  return { warnings, logger: { debug: ignore, info: ignore, warn, error: warn } };
}

const NOBODY = 'a transaction was not ended and waits: no open producer has a transactionChecker for its topics';

test('a transaction that no producer can be asked about is logged once, after the application had time to create one', async () => {
  const clock = new ManualClock();
  const { logger, warnings } = logged();
  const broker = await openTestBroker({ clock, logger });
  const transaction = broker.createProducer().beginTransaction();
  await transaction.send({ topic: 'orders', body: 'x' });
  broker.createProducer({ topics: ['payments'], transactionChecker: () => 'commit' });
  await clock.advance(35_999);
  expect(warnings).toEqual([]);
  await clock.advance(1);
  expect(warnings).toEqual([[NOBODY, { transactionId: transaction.transactionId, topics: ['orders'] }]]);
  broker.createProducer({ topics: ['payments'], transactionChecker: () => 'commit' });
  await clock.advance(600_000);
  expect(warnings).toHaveLength(1);
  broker.createProducer({ topics: ['orders'], transactionChecker: () => 'commit' });
  await clock.settle();
  expect((await broker.admin.listTransactions()).items).toEqual([]);
  await broker.close();
});

test('a transaction whose producer comes back in time is not logged', async () => {
  const clock = new ManualClock();
  const { logger, warnings } = logged();
  const broker = await openTestBroker({ clock, logger });
  await broker.createProducer().beginTransaction().send({ topic: 'orders', body: 'x' });
  await broker.crash();
  await clock.advance(60_000);
  await broker.reopen();
  await clock.advance(29_999);
  broker.createProducer({ transactionChecker: () => 'rollback' });
  await clock.advance(600_000);
  expect(warnings).toEqual([]);
  expect((await broker.admin.listTransactions()).items).toEqual([]);
  await broker.close();
});

test('a transaction that is parked is logged with its topics', async () => {
  const clock = new ManualClock();
  const { logger, warnings } = logged();
  const broker = await openTestBroker({ clock, logger, transaction: { maxChecks: 2 } });
  const transaction = broker.createProducer({ transactionChecker: () => 'unknown' }).beginTransaction();
  await transaction.send({ topic: 'orders', body: 'x' });
  await clock.advance(120_000);
  const message = 'a transaction was parked: nobody could tell its end; admin.resolveTransaction ends it';
  expect(warnings).toEqual([[message, { transactionId: transaction.transactionId, topics: ['orders'], checks: 2 }]]);
  await broker.close();
});

test('a listener that fails behind the unit in which it acknowledged is logged, and called no more', async () => {
  const clock = new ManualClock();
  const { logger, warnings } = logged();
  const broker = await openTestBroker({ clock, logger });
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: '*' },
    listener: async (message) => {
      await broker.atomic((unit) => unit.ack(message));
      throw new Error('the invoice was not printed');
    },
  });
  const { messageId } = await broker.createProducer().send({ topic: 'orders', body: 'x' });
  await broker.drain();
  const fields = { group: 'billing', topic: 'orders', messageId, attempt: 1, next: 'nothing, because its delivery had ended before' };
  expect(warnings).toEqual([['a listener failed', { ...fields, err: new Error('the invoice was not printed') }]]);
  expect(broker.recordedEvents.map(({ kind }) => kind)).not.toContain('failed');
  await broker.close();
});

test('text that reads like SQL is logged where it is taken for a tag, by every kind of consumer', async () => {
  const { logger, warnings } = logged();
  const broker = await openTestBroker({ logger });
  const sql = "country = 'DE'";
  const warning = 'a subscription by tag reads like SQL; write { sql } for SQL, or { tag } for that tag';
  const consumer = await broker.createSimpleConsumer({ group: 'simple', subscriptions: { orders: sql } });
  await broker.createPullConsumer({ group: 'pull', subscriptions: { orders: 'a IN b' } });
  await broker.createPushConsumer({ group: 'push', subscriptions: { orders: 'total > 5' }, listener: () => undefined });
  await consumer.subscribe('payments', 'a and b');
  expect(warnings).toEqual([
    [warning, { topic: 'orders', tag: sql }],
    [warning, { topic: 'orders', tag: 'a IN b' }],
    [warning, { topic: 'orders', tag: 'total > 5' }],
    [warning, { topic: 'payments', tag: 'a and b' }],
  ]);
  warnings.length = 0;
  for (const subscription of ['*', 'paid || refunded', 'in-transit', 'AND', { tag: sql }, { sql }]) {
    await consumer.subscribe('invoices', subscription);
  }
  expect(warnings).toEqual([]);
  await broker.close();
});
