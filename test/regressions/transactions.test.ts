import { beforeEach, describe, expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// An end of a transaction (by its producer, a checker or an admin) and a send of the same transaction did not know of each other. What was sent
// behind the end became a transaction of its own with the same id, which could be committed: a part of the whole, after the rest was rolled back.
// What joined the log just before the end got a receipt, and was lost by the end that did not know of it.

let broker: TestBroker;
let failures: FaultPlan;
let clock: ManualClock;

beforeEach(async () => {
  failures = new FaultPlan();
  clock = new ManualClock();
  broker = await openTestBroker({ failures, clock });
  return () => broker.close({ deadlineMs: 0 });
});

async function received(): Promise<string[]> {
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  const messages = await consumer.receive({ awaitDurationMs: 0 });
  return messages.map((message) => message.text()).sort();
}

describe('an end by somebody else', () => {
  // Whatever the order in which they join the log: a send that got a receipt is committed, one that came too late is told so.
  test.each([0, 1, 2, 3])('commits every message that has a receipt (%i turns between the end and the sends)', async (later) => {
    const transaction = broker.createProducer().beginTransaction();
    await transaction.send({ topic: 'orders', body: '0' });
    failures.freezeWrites();
    const before = [transaction.send({ topic: 'orders', body: '1' })];
    for (let turn = 0; turn < later; turn++) await Promise.resolve();
    const ending = broker.admin.resolveTransaction(transaction.transactionId, 'commit');
    for (let turn = 0; turn < later; turn++) await Promise.resolve();
    const behind = [transaction.send({ topic: 'orders', body: '2' }), transaction.send({ topic: 'orders', body: '3' })];
    await turns();
    failures.thaw();
    await ending;
    const outcomes = await Promise.allSettled([...before, ...behind]);
    const stored = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [String(index + 1)] : []));
    expect(await received()).toEqual(['0', ...stored]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.code).toBe('MQ_TRANSACTION_ENDED');
    expect((await broker.admin.listTransactions()).items).toEqual([]);
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ENDED' });
  });

  // The send that had timed out was not waited for: the commit found nothing to end, and the message was stored behind it.
  test('includes a send that has timed out while it was being written', async () => {
    const transaction = broker.createProducer({ timeoutMs: 1000 }).beginTransaction();
    await broker.admin.createTopic('orders');
    failures.freezeWrites();
    const sending = transaction.send({ topic: 'orders', body: 'late' });
    sending.catch(() => undefined);
    await turns();
    const passing = clock.advance(1000);
    await expect(sending).rejects.toMatchObject({ code: 'MQ_REQUEST_TIMEOUT' });
    const committing = transaction.commit();
    await turns();
    failures.thaw();
    await passing;
    await committing;
    expect(await received()).toEqual(['late']);
    expect((await broker.admin.listTransactions()).items).toEqual([]);
  });

  // Only the last ends are remembered; the one of a transaction that was open for long was taken for one that never was.
  test('is not forgotten by the transaction itself', async () => {
    const producer = broker.createProducer();
    const transaction = producer.beginTransaction();
    await transaction.send({ topic: 'orders', body: 'rolled back' });
    await broker.admin.resolveTransaction(transaction.transactionId, 'rollback');
    const others = Array.from({ length: 20_000 }, () => producer.beginTransaction());
    await Promise.all(others.map((other) => other.send({ topic: 'others', body: 'x' }, { durability: 'async' })));
    await Promise.all(others.map((other) => other.rollback({ durability: 'async' })));
    await expect(transaction.send({ topic: 'orders', body: 'alone' })).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ENDED' });
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ENDED' });
    expect(await received()).toEqual([]);
  });
});

// The check was written behind the message that joined the log after it, in the same block, and said that all before it was known: the message had its receipt,
// was not listed, and the commit left it out.
test('what is sent while a check is on its way to the log is part of the transaction', async () => {
  const producer = broker.createProducer({ transactionChecker: () => 'unknown' });
  const transaction = producer.beginTransaction();
  await transaction.send({ topic: 'orders', body: 'before' });
  failures.freezeWrites();
  const ahead = producer.send({ topic: 'others', body: 'on its way' });
  const passing = clock.advance(6_000);
  await turns();
  const sending = transaction.send({ topic: 'orders', body: 'behind' });
  await turns();
  failures.thaw();
  await Promise.all([ahead, passing, sending]);
  const [listed] = (await broker.admin.listTransactions()).items;
  expect(listed).toMatchObject({ checks: 1 });
  expect(listed?.messages.map((message) => message.text())).toEqual(['before', 'behind']);
  await transaction.commit();
  expect(await received()).toEqual(['before', 'behind']);
});

describe('a rollback', () => {
  // A checkpoint packed the keys, let the event loop have its turn, and packed the transactions. A rollback in between was in the one and not in
  // the other: the replay behind the checkpoint did not find the messages whose keys it should free, and what was sent again was a duplicate of nothing.
  test('frees its dedup keys over a crash, while a checkpoint is being packed', { timeout: 60_000 }, async () => {
    const many = (call: number) => Array.from({ length: 4096 }, (_, key) => ({ topic: 'others', body: 'x', dedupKey: `${call}/${key}` }));
    for (let later = 0; later < 12; later++) {
      const producer = broker.createProducer();
      const transaction = producer.beginTransaction();
      await transaction.send({ topic: 'orders', body: 'rolled back', dedupKey: `key ${later}` });
      for (const call of [1, 2, 3]) await producer.sendBatch(many(later * 10 + call), { durability: 'async' });
      const checkpoint = clock.advance(5000);
      await turns(later);
      await transaction.rollback({ durability: 'async' });
      await checkpoint;
      await broker.crash();
      await broker.reopen();
      const again = await broker.createProducer().send({ topic: 'orders', body: 'again', dedupKey: `key ${later}` });
      expect(again.duplicate).toBeUndefined();
    }
  });
});

// Its queue is not decided before the commit; with the queue the priority was left out.
test('a message that waits for its transaction shows its priority, and no place', async () => {
  await broker.admin.createTopic('urgent', { type: 'priority' });
  await broker.createProducer().beginTransaction().send({ topic: 'urgent', body: 'x', priority: 7 });
  const [transaction] = (await broker.admin.listTransactions()).items;
  expect(transaction?.messages).toMatchObject([{ priority: 7, queueId: -1, queueOffset: -1 }]);
});
