import assert from 'node:assert/strict';
import type { Message, SimpleConsumer, Subscription } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

/** Who gets which of the orders below. */
const expressions: Readonly<Record<string, readonly string[]>> = {
  "region = 'eu'": ['eu-10', 'eu-200'],
  "region <> 'eu'": ['us-30'],
  'amount > 10': ['eu-200', 'us-30'],
  'amount BETWEEN 10 AND 30': ['eu-10', 'us-30'],
  "region IN ('us', 'asia')": ['us-30'],
  "region = 'eu' AND NOT amount < 100": ['eu-200'],
  'amount IS NULL': ['bare'],
  "region LIKE 'e_' OR TAGS = 'paid'": ['eu-10', 'eu-200', 'us-30'],
  "TAGS = 'paid'": ['us-30'],
  "KEYS CONTAINS 'A-1'": ['eu-10'],
  '"x.urgent"': ['eu-200'],
  TRUE: ['bare', 'eu-10', 'eu-200', 'us-30'],
  'amount > 1000': [],
  "amount = 'ten'": [],
};

const orders: readonly Partial<Message>[] = [
  { body: 'eu-10', properties: { region: 'eu', amount: '10' }, keys: ['A-0', 'A-1'] },
  { body: 'eu-200', properties: { region: 'eu', amount: '2e2', 'x.urgent': 'true' }, keys: ['A-2'] },
  { body: 'us-30', properties: { region: 'us', amount: '30.0' }, tag: 'paid' },
  { body: 'bare' },
];

async function sendOrders(scene: Scene): Promise<void> {
  for (const order of orders) await scene.send(order);
}

function bySql(scene: Scene, sql: string): Promise<SimpleConsumer> {
  return scene.simple({ subscriptions: { [TOPIC]: { sql } } });
}

async function lagIsGone(scene: Scene): Promise<void> {
  await scene.eventually(async () => (await scene.admin.getGroupProgress(GROUP)).every(({ lag }) => lag === 0), 'the lag to be gone');
}

export const sqlFilters: ContractTheme = {
  name: 'SQL filters',
  tests: {
    ...Object.fromEntries(
      Object.entries(expressions).map(([sql, expected]) => [
        `${sql} selects ${expected.join(', ') || 'nothing'}`,
        async (scene: Scene) => {
          await sendOrders(scene);
          const consumer = await bySql(scene, sql);
          assert.deepEqual(sortedTexts(await scene.receive(consumer, expected.length)), expected);
          await scene.receiveNothing(consumer);
        },
      ]),
    ),
    'a push consumer gets what its expression selects': async (scene) => {
      const seen: string[] = [];
      await scene.push({
        subscriptions: { [TOPIC]: { sql: 'amount >= 30' } },
        listener: (message) => {
          seen.push(message.text());
        },
      });
      await sendOrders(scene);
      await scene.eventually(() => seen.length === 2, 'two calls');
      await lagIsGone(scene);
      assert.deepEqual(seen.sort(), ['eu-200', 'us-30']);
    },
    'a delivered message has its whole body, properties and keys': async (scene) => {
      await scene.send({ body: 'x'.repeat(1000), keys: ['k'], tag: 't', properties: { a: '1', b: 'two' } });
      const message = await scene.receiveOne(await bySql(scene, 'a = 1'));
      assert.equal(message.text(), 'x'.repeat(1000));
      assert.deepEqual([message.keys, message.tag, { ...message.properties }], [['k'], 't', { a: '1', b: 'two' }]);
    },
    'one receive brings as many as were asked for, however many lie between them that are not wanted': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      await scene.producer.sendBatch(
        Array.from({ length: 400 }, (_, i) => ({ topic: TOPIC, body: `${i}`, properties: { n: `${i}`, rare: `${i % 50 === 49}` } })),
      );
      const consumer = await bySql(scene, 'rare AND n < 300');
      const messages = await consumer.receive({ maxMessages: 5, awaitDurationMs: 0 });
      assert.deepEqual(texts(messages), ['49', '99', '149', '199', '249']);
      await consumer.ack([...messages, ...(await scene.receive(consumer, 1))]);
      await scene.receiveNothing(consumer);
      await lagIsGone(scene);
    },
    'a push consumer never has more calls than its concurrency, whatever is filtered between': async (scene) => {
      await scene.producer.sendBatch(
        Array.from({ length: 120 }, (_, i) => ({
          topic: TOPIC,
          body: `${i}`,
          messageGroup: `g${i % 3}`,
          properties: { wanted: `${i % 2 === 0}` },
        })),
      );
      let [running, most, count] = [0, 0, 0];
      await scene.push({
        concurrency: 2,
        subscriptions: { [TOPIC]: { sql: 'wanted' } },
        listener: async () => {
          most = Math.max(most, ++running);
          await Promise.resolve();
          running--;
          count++;
        },
      });
      await scene.eventually(() => count === 60, 'sixty calls');
      await lagIsGone(scene);
      assert.ok(most <= 2, `${most} calls ran at a time`);
    },
    'a message that was given back is selected again': async (scene) => {
      await sendOrders(scene);
      const consumer = await bySql(scene, 'amount = 200');
      const [message] = await scene.receive(consumer, 1);
      assert.ok(message);
      await consumer.changeInvisibleDuration(message, 0);
      const again = await scene.receiveOne(consumer);
      assert.deepEqual([again.text(), again.deliveryAttempt], ['eu-200', 2]);
    },
    'a message that failed is retried until it is a dead letter, and comes back when it is redriven': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [10] } });
      await sendOrders(scene);
      const attempts: number[] = [];
      await scene.push({
        subscriptions: { [TOPIC]: { sql: "region = 'us'" } },
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return attempts.length < 3 ? 'failure' : 'success';
        },
      });
      await scene.eventually(() => attempts.length === 1, 'the first attempt');
      await scene.settle();
      await scene.pass(10);
      await scene.eventually(async () => (await scene.admin.listDeadLetters(GROUP)).items.length === 1, 'the dead letter');
      await scene.admin.redriveDeadLetters(GROUP, {});
      await scene.eventually(() => attempts.length === 3, 'the redriven one');
      assert.deepEqual(attempts, [1, 2, 1]);
    },
    'a filtered message does not block its message group': async (scene) => {
      await scene.sendTexts(['unwanted'], { messageGroup: 'g', properties: { a: '1' } });
      await scene.sendTexts(['first', 'second'], { messageGroup: 'g', properties: { a: '2' } });
      const consumer = await bySql(scene, 'a = 2');
      const first = await scene.receive(consumer, 1);
      assert.deepEqual(texts(first), ['first']);
      await scene.receiveNothing(consumer);
      await consumer.ack(first);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['second']);
    },
    'what is filtered counts as consumed: it leaves no lag, and stays consumed when the expression changes': async (scene) => {
      await sendOrders(scene);
      const first = await bySql(scene, 'amount = 10');
      await first.ack(await scene.receive(first, 1));
      await scene.receiveNothing(first);
      await lagIsGone(scene);
      await first.close();
      await scene.receiveNothing(await bySql(scene, 'TRUE'));
    },
    'each group has its own expression': async (scene) => {
      await sendOrders(scene);
      const cheap = await bySql(scene, 'amount < 100');
      const dear = await scene.simple({ group: 'other', subscriptions: { [TOPIC]: { sql: 'amount >= 100' } } });
      assert.deepEqual(sortedTexts(await scene.receive(cheap, 2)), ['eu-10', 'us-30']);
      assert.deepEqual(texts(await scene.receive(dear, 1)), ['eu-200']);
    },
    'spellings of one expression are no conflict, other expressions and tags are': async (scene) => {
      const consumer = await bySql(scene, "region = 'eu' AND amount > 10");
      await bySql(scene, "((region='eu') and/**/(amount>10L))");
      for (const other of [{ sql: "region = 'eu' AND amount > 11" }, { sql: "region = 'EU' AND amount > 10" }, '*', { tag: 'eu' }]) {
        await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.simple({ subscriptions: { [TOPIC]: other } }));
      }
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.push({ subscriptions: { [TOPIC]: '*' }, listener: () => {} }));
      await consumer.subscribe('other', { sql: 'a = 1' });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.simple({ subscriptions: { other: 'a = 1' } }));
    },
    'one consumer may have topics by tag and by SQL, and change from one to the other': async (scene) => {
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: { sql: 'a = 1' }, other: { tag: 'x' } } });
      await scene.send({ body: 'sql', properties: { a: '1' } });
      await scene.producer.sendBatch([
        { topic: 'other', body: 'tag', tag: 'x' },
        { topic: 'other', body: 'unwanted', properties: { a: '1' } },
      ]);
      await consumer.ack(await scene.receive(consumer, 2));
      await consumer.subscribe(TOPIC, 'y');
      await scene.send({ body: 'by SQL no more', properties: { a: '1' } });
      await scene.send({ body: 'by tag', tag: 'y' });
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['by tag']);
    },
    'tags with the same hash are told apart': async (scene) => {
      await scene.send({ body: 'wanted', tag: 'Aa' });
      await scene.send({ body: 'unwanted', tag: 'BB' });
      const consumer = await bySql(scene, "TAGS IN ('Aa', 'C')");
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['wanted']);
      await scene.receiveNothing(consumer);
    },
    'a wrong expression is MQ_ILLEGAL_FILTER_EXPRESSION, with the place where it is wrong': async (scene) => {
      const error = await refuses('MQ_ILLEGAL_FILTER_EXPRESSION', () => bySql(scene, 'amount > 10\n  AND region == 1'));
      assert.deepEqual((error as { details?: unknown }).details, { line: 2, column: 14 });
      assert.ok(error.message.includes('line 2, column 14'), error.message);
      const deep = `${'('.repeat(101)}a = 1${')'.repeat(101)}`;
      for (const sql of ['', 'amount >', "region = 'eu", 'a = 1 AND', `a = '${'x'.repeat(16_384)}'`, deep]) {
        await refuses('MQ_ILLEGAL_FILTER_EXPRESSION', () => bySql(scene, sql));
      }
      const consumer = await scene.simple();
      await refuses('MQ_ILLEGAL_FILTER_EXPRESSION', () => consumer.subscribe('other', { sql: 'amount LIKE 5' }));
    },
    'what is no expression is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      for (const subscription of [{ sql: null }, { sql: 7 }, { sql: 'a = 1', tag: 'a' }, { sql: 'a = 1', language: 'SQL92' }]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.simple({ subscriptions: { [TOPIC]: wrongly<Subscription>(subscription) } }));
      }
    },
  },
};
