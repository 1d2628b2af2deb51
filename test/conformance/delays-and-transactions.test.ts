import { expect, test } from 'vitest';
import { refuses, TOPIC, texts } from '../../src/testing/contract/scene.ts';
import { openScene } from './open-scene.ts';

const HOUR_MS = 3_600_000;

test('5. a message that is due on the boundary of a second comes then, and not before', async () => {
  const { scene, clock } = await openScene();
  await clock.advance(400);
  const deliverAtMs = (Math.floor(clock.now() / 1_000) + 3) * 1_000;
  await scene.send({ body: 'x', deliverAtMs });
  const consumer = await scene.simple();
  await clock.advance(deliverAtMs - clock.now() - 1);
  await scene.receiveNothing(consumer);
  await clock.advance(1);
  expect((await scene.receiveOne(consumer)).storedAtMs).toBe(deliverAtMs);
});

test('6. a delay of 25 hours is accepted and kept, and so is one of 40 days', async () => {
  const { scene } = await openScene();
  await scene.send({ body: 'tomorrow', delayMs: 25 * HOUR_MS });
  await scene.send({ body: 'in weeks', delayMs: 40 * 24 * HOUR_MS });
  const consumer = await scene.simple();
  await scene.pass(25 * HOUR_MS - 1);
  await scene.receiveNothing(consumer);
  await scene.pass(1);
  expect(texts(await scene.receive(consumer, 1))).toEqual(['tomorrow']);
  await scene.receiveNothing(consumer);
});

test('7. a recall takes a message back before it is due, and says that it is too late from then on', async () => {
  const { scene } = await openScene();
  const consumer = await scene.simple();
  const handleOf = async (body: string): Promise<string> => (await scene.send({ body, delayMs: 1_000 })).recallHandle ?? '';
  const [before, due, after] = [await handleOf('before'), await handleOf('at'), await handleOf('after')];
  await scene.pass(999);
  await scene.producer.recall(TOPIC, before);
  await refuses('MQ_RECALL_TOO_LATE', () => scene.producer.recall(TOPIC, before));
  await scene.pass(1);
  await refuses('MQ_RECALL_TOO_LATE', () => scene.producer.recall(TOPIC, due));
  expect(texts(await scene.receive(consumer, 2)).sort()).toEqual(['after', 'at']);
  await refuses('MQ_RECALL_TOO_LATE', () => scene.producer.recall(TOPIC, after));
});

test('8. a transaction that is committed twice, one after the other or at once, brings one message', async () => {
  const { scene } = await openScene();
  const consumer = await scene.simple();
  const transaction = scene.producer.beginTransaction();
  await transaction.send({ topic: TOPIC, body: 'once' });
  const ends = [transaction.commit(), scene.admin.resolveTransaction(transaction.transactionId, 'commit')];
  expect((await Promise.allSettled(ends)).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await refuses('MQ_TRANSACTION_ENDED', () => transaction.commit());
  await refuses('MQ_TRANSACTION_ENDED', () => scene.admin.resolveTransaction(transaction.transactionId, 'commit'));
  expect(texts(await scene.receive(consumer, 1))).toEqual(['once']);
  await scene.receiveNothing(consumer);
});

test('9. a commit after a rollback is refused, and the message stays away', async () => {
  const { scene } = await openScene();
  const consumer = await scene.simple();
  const transaction = scene.producer.beginTransaction();
  await transaction.send({ topic: TOPIC, body: 'never' });
  await transaction.rollback();
  await refuses('MQ_TRANSACTION_ENDED', () => transaction.commit());
  await refuses('MQ_TRANSACTION_ENDED', () => scene.admin.resolveTransaction(transaction.transactionId, 'commit'));
  await scene.receiveNothing(consumer);
});

test('10. after an immunity of 600 s a producer is really asked 15 times, and then the transaction is parked', async () => {
  const { scene } = await openScene({ transaction: { checkImmunityMs: 600_000 } });
  let asked = 0;
  const producer = scene.messaging.createProducer({
    transactionChecker: () => {
      asked++;
      return 'unknown';
    },
  });
  const transaction = producer.beginTransaction();
  await transaction.send({ topic: TOPIC, body: 'orphan' });
  await scene.pass(599_999);
  expect(asked).toBe(0);
  await scene.pass(1);
  expect(asked).toBe(1);
  await scene.pass(14 * 30_000);
  expect(asked).toBe(15);
  await scene.pass(24 * HOUR_MS);
  expect(asked).toBe(15);
  const { items } = await scene.admin.listTransactions({ state: 'parked' });
  expect(items.map(({ transactionId, checks }) => ({ transactionId, checks }))).toEqual([
    { transactionId: transaction.transactionId, checks: 15 },
  ]);
});
