import assert from 'node:assert/strict';
import type { Producer, TransactionChecker } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

const OTHER = 'other-topic';
const IMMUNITY_MS = 6_000;
const INTERVAL_MS = 30_000;

/** A producer whose checker answers from a list, and tells what it was asked. */
function checked(scene: Scene, answers: readonly unknown[], topics?: readonly string[]): { asked: string[]; producer: Producer } {
  const asked: string[] = [];
  const checker: TransactionChecker = (message, { transactionId, messages }) => {
    asked.push(`${transactionId} ${messages.map((one) => one.text()).join(',')} ${message.text()}`);
    return wrongly(answers[Math.min(asked.length, answers.length) - 1]);
  };
  return { asked, producer: scene.messaging.createProducer({ transactionChecker: checker, topics }) };
}

async function orphan(scene: Scene, ...bodies: string[]): Promise<string> {
  const transaction = scene.producer.beginTransaction();
  for (const body of bodies) await transaction.send({ topic: TOPIC, body });
  return transaction.transactionId;
}

export const transactions: ContractTheme = {
  name: 'transactions',
  tests: {
    'messages of a transaction are invisible until it is committed': async (scene) => {
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: '*', [OTHER]: '*' } });
      const transaction = scene.producer.beginTransaction();
      assert.match(transaction.transactionId, /^[0-9A-F]{34}$/);
      const receipt = await transaction.send({ topic: TOPIC, body: 'a' });
      assert.deepEqual([receipt.queueId, receipt.queueOffset, receipt.transactionId], [-1, -1, transaction.transactionId]);
      await transaction.send({ topic: OTHER, body: 'b', tag: 't', messageGroup: 'g', keys: ['k'] });
      await scene.receiveNothing(consumer);
      assert.equal(
        (await scene.admin.getGroupProgress(GROUP)).reduce((lag, queue) => lag + queue.lag, 0),
        0,
      );
      await transaction.commit();
      const messages = await scene.receive(consumer, 2);
      assert.deepEqual(sortedTexts(messages), ['a', 'b']);
      const other = messages.find((message) => message.topic === OTHER);
      assert.deepEqual([other?.tag, other?.messageGroup, other?.keys], ['t', 'g', ['k']]);
      assert.ok(messages.some(({ messageId }) => messageId === receipt.messageId));
    },
    'a transaction that is rolled back leaves nothing': async (scene) => {
      const consumer = await scene.simple();
      const transaction = scene.producer.beginTransaction();
      await transaction.send({ topic: TOPIC, body: 'never' });
      await transaction.rollback();
      await scene.receiveNothing(consumer);
      assert.deepEqual((await scene.admin.listTransactions()).items, []);
    },
    'a second end is refused, whichever it is': async (scene) => {
      const consumer = await scene.simple();
      const transaction = scene.producer.beginTransaction();
      await transaction.send({ topic: TOPIC, body: 'once' });
      await transaction.rollback();
      await refuses('MQ_TRANSACTION_ENDED', () => transaction.commit());
      await refuses('MQ_TRANSACTION_ENDED', () => transaction.send({ topic: TOPIC, body: 'late' }));
      await refuses('MQ_TRANSACTION_ENDED', () => scene.admin.resolveTransaction(transaction.transactionId, 'commit'));
      const twice = scene.producer.beginTransaction();
      await twice.send({ topic: TOPIC, body: 'twice' });
      await twice.commit();
      await refuses('MQ_TRANSACTION_ENDED', () => twice.commit());
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['twice']);
      await scene.receiveNothing(consumer);
    },
    'of two ends at a time exactly one wins': async (scene) => {
      const consumer = await scene.simple();
      const transaction = scene.producer.beginTransaction();
      await transaction.send({ topic: TOPIC, body: 'x' });
      const outcomes = await Promise.allSettled([
        transaction.commit(),
        scene.admin.resolveTransaction(transaction.transactionId, 'rollback'),
        scene.admin.resolveTransaction(transaction.transactionId, 'commit'),
      ]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
      const isCommitted = outcomes[1]?.status !== 'fulfilled';
      if (isCommitted) await scene.receive(consumer, 1);
      await scene.receiveNothing(consumer);
    },
    'an end waits for the sends under way': async (scene) => {
      const consumer = await scene.simple();
      const transaction = scene.producer.beginTransaction();
      const sending = ['a', 'b', 'c'].map((body) => transaction.send({ topic: TOPIC, body }));
      await transaction.commit();
      await Promise.all(sending);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 3)), ['a', 'b', 'c']);
    },
    'a transaction without messages ends, once': async (scene) => {
      const transaction = scene.producer.beginTransaction();
      await transaction.commit();
      await refuses('MQ_TRANSACTION_ENDED', () => transaction.rollback());
    },
    'messages keep their order inside a message group': async (scene) => {
      const transaction = scene.producer.beginTransaction();
      for (const body of ['1', '2', '3']) await transaction.send({ topic: TOPIC, body, messageGroup: 'g' });
      await transaction.commit();
      const consumer = await scene.simple();
      for (const expected of ['1', '2', '3']) {
        const message = await scene.receiveOne(consumer);
        assert.equal(message.text(), expected);
        await consumer.ack(message);
      }
    },
    'a topic of the type transaction takes nothing else, and a delivery time has no place in one': async (scene) => {
      await scene.admin.createTopic(TOPIC, { type: 'transaction' });
      await scene.admin.createTopic(OTHER, { type: 'normal' });
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.send());
      const transaction = scene.producer.beginTransaction();
      await transaction.send({ topic: TOPIC, body: 'x' });
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => transaction.send({ topic: OTHER, body: 'x' }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => transaction.send({ topic: TOPIC, body: 'x', delayMs: 5 }));
      await transaction.rollback();
    },
    'a producer is asked after the immunity time, once for the whole transaction': async (scene) => {
      const consumer = await scene.simple();
      const { asked } = checked(scene, ['commit']);
      const id = await orphan(scene, 'a', 'b');
      await scene.pass(IMMUNITY_MS - 1);
      await scene.settle();
      assert.deepEqual(asked, []);
      await scene.pass(1);
      await scene.eventually(() => asked.length === 1, 'a check');
      assert.deepEqual(asked, [`${id} a,b a`]);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['a', 'b']);
    },
    'a rollback, a late answer, and checks at intervals': async (scene) => {
      const consumer = await scene.simple();
      const { asked } = checked(scene, ['unknown', 'unknown', 'rollback']);
      await orphan(scene, 'x');
      await scene.pass(IMMUNITY_MS);
      await scene.eventually(() => asked.length === 1, 'the first check');
      await scene.pass(INTERVAL_MS);
      await scene.eventually(() => asked.length === 2, 'the second check');
      await scene.pass(INTERVAL_MS);
      await scene.eventually(() => asked.length === 3, 'the third check');
      await scene.eventually(async () => (await scene.admin.listTransactions()).items.length === 0, 'the end that was answered');
      await scene.receiveNothing(consumer);
    },
    'a check counts only when somebody was asked, and comes when a producer does': async (scene) => {
      await orphan(scene, 'x');
      await scene.pass(IMMUNITY_MS + 3 * INTERVAL_MS);
      assert.equal((await scene.admin.listTransactions({ state: 'pending' })).items[0]?.checks, 0);
      const elsewhere = checked(scene, ['commit'], [OTHER]);
      const here = checked(scene, ['commit'], [TOPIC]);
      await scene.eventually(() => here.asked.length === 1, 'a check');
      assert.deepEqual(elsewhere.asked, []);
    },
    'what nobody can tell is parked, listed, and ended by an admin': async (scene) => {
      const consumer = await scene.simple();
      const { asked } = checked(scene, ['nonsense', 'unknown']);
      const id = await orphan(scene, 'x');
      await scene.pass(IMMUNITY_MS);
      for (let checks = 1; checks <= 15; checks++) {
        await scene.eventually(() => asked.length === checks, `check ${checks}`);
        // On a disk, that it was asked is written in real time, and only then the next check is set.
        const isNoted = async (): Promise<boolean> => (await scene.admin.listTransactions()).items[0]?.checks === checks;
        await scene.eventually(isNoted, `the record of check ${checks}`);
        await scene.settle();
        await scene.pass(INTERVAL_MS);
      }
      await scene.eventually(async () => (await scene.admin.listTransactions({ state: 'parked' })).items.length === 1, 'the park');
      assert.equal(asked.length, 15);
      const [parked] = (await scene.admin.listTransactions({ state: 'parked' })).items;
      assert.deepEqual([parked?.transactionId, parked?.state, parked?.checks, parked?.messages[0]?.text()], [id, 'parked', 15, 'x']);
      assert.deepEqual((await scene.admin.listTransactions({ state: 'pending' })).items, []);
      await scene.admin.resolveTransaction(id, 'commit');
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['x']);
    },
    'after an end by somebody else nothing is added': async (scene) => {
      const consumer = await scene.simple();
      for (const outcome of ['rollback', 'commit'] as const) {
        const transaction = scene.producer.beginTransaction();
        await transaction.send({ topic: TOPIC, body: outcome });
        await scene.admin.resolveTransaction(transaction.transactionId, outcome);
        await refuses('MQ_TRANSACTION_ENDED', () => transaction.send({ topic: TOPIC, body: 'late' }));
        await refuses('MQ_TRANSACTION_ENDED', () => transaction.commit());
      }
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['commit']);
      await scene.receiveNothing(consumer);
      assert.deepEqual((await scene.admin.listTransactions()).items, []);
    },
    'a transaction for a deleted topic cannot be committed, and can be rolled back': async (scene) => {
      const id = await orphan(scene, 'x');
      await scene.admin.deleteTopic(TOPIC);
      await refuses('MQ_TOPIC_NOT_FOUND', () => scene.admin.resolveTransaction(id, 'commit'));
      await scene.admin.resolveTransaction(id, 'rollback');
    },
    'wrong calls have a code': async (scene) => {
      await refuses('MQ_INVALID_TRANSACTION_ID', () => scene.admin.resolveTransaction('nothing', 'commit'));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.resolveTransaction('nothing', wrongly('maybe')));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.listTransactions(wrongly({ state: 'lost' })));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.messaging.createProducer({ transactionChecker: wrongly('commit') }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.beginTransaction().commit(wrongly({ durability: 'never' })));
    },
  },
};
