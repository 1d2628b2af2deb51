import assert from 'node:assert/strict';
import { defineTopic, type Message, type MessageView } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { checkOrder, type Order, type OrderInput, orderSchema, schemaOf, slowOrderSchema } from './order-schema.ts';
import { GROUP, refuses, type Scene, sortedTexts, TOPIC, wrongly } from './scene.ts';

const orders = defineTopic(TOPIC, { schema: orderSchema });
const slowOrders = defineTopic(TOPIC, { schema: slowOrderSchema });

/** A topic whose schema answers whatever it is told to answer. */
function answering(validate: (value: unknown) => unknown): typeof orders {
  return defineTopic(TOPIC, { schema: schemaOf<OrderInput, Order>(wrongly(validate)) });
}

/** Sends by name what no schema has checked, and receives it through a typed topic. */
async function received(scene: Scene, json: unknown, topic: typeof orders = orders): Promise<MessageView<Order>> {
  await scene.producer.send({ topic: TOPIC, json });
  return (await scene.receiveOne(await scene.simple({ subscriptions: [topic] }))) as MessageView<Order>;
}

const badSchemas: Readonly<Record<string, (value: unknown) => unknown>> = {
  throws: () => {
    throw new Error('a bug of the schema');
  },
  rejects: () => Promise.reject(new Error('a bug of the schema')),
  'answers nothing': () => undefined,
  'answers a text': () => 'yes',
  'answers neither a value nor issues': () => ({}),
  'answers issues that are no list': () => ({ issues: 'many' }),
  'answers nothing, later': () => Promise.resolve(undefined),
  'makes undefined of json': () => ({ value: undefined }),
  'makes null of json': () => ({ value: null }),
  'makes a function of json': () => ({ value: () => 1 }),
};

export const typedTopicSchemas: ContractTheme = {
  name: 'schemas of typed topics: slow, wrong, and on receipt',
  tests: {
    'a schema that answers later is waited for': async (scene) => {
      await scene.producer.send({ topic: slowOrders, json: { id: 'A' } });
      const mismatch = { topic: slowOrders, json: { id: 'A', cents: -1 } };
      await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', () => scene.producer.send(mismatch));
      await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', () => scene.producer.sendBatch([{ topic: TOPIC, body: 'x' }, mismatch]));
      assert.deepEqual(sortedTexts(await scene.receive(await scene.simple(), 1)), ['{"id":"A","cents":0}']);
    },
    'what waits for a schema keeps what it was sent with': async (scene) => {
      const bytes = new TextEncoder().encode('before');
      const keys = ['before'];
      const properties = { word: 'before' };
      const json = { word: 'before' };
      const sending = scene.producer.sendBatch([
        { topic: slowOrders, json: { id: 'A' }, keys, properties },
        { topic: TOPIC, body: bytes },
        { topic: TOPIC, json },
      ]);
      bytes.fill(0);
      keys[0] = 'after';
      properties.word = 'after';
      json.word = 'after';
      await sending;
      const messages = await scene.receive(await scene.simple(), 3);
      assert.deepEqual(sortedTexts(messages), ['before', '{"id":"A","cents":0}', '{"word":"before"}']);
      const order = messages.find((message) => message.keys.length > 0);
      assert.deepEqual([order?.keys, { ...order?.properties }], [['before'], { word: 'before' }]);
    },
    'a batch with a wrong message stores nothing, whatever its schemas answer later': async (scene) => {
      const wrong = wrongly<Message>({ topic: orders, json: { id: 1 } });
      await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', () =>
        scene.producer.sendBatch([{ topic: slowOrders, json: { id: 'A', cents: -1 } }, wrong]),
      );
      await refuses('MQ_ILLEGAL_ARGUMENT', () =>
        scene.producer.sendBatch([
          { topic: slowOrders, json: { id: 'A' } },
          { topic: TOPIC, json: () => 1 },
        ]),
      );
      await scene.receiveNothing(await scene.simple());
    },
    'closing a producer waits for a schema': async (scene) => {
      let answer: () => void = () => {};
      const held = answering((value) => new Promise((resolve) => (answer = () => resolve(checkOrder(value)))));
      const producer = scene.messaging.createProducer();
      const sending = producer.send({ topic: held, json: { id: 'A' } });
      let isClosed = false;
      const closing = producer.close().then(() => (isClosed = true));
      await scene.settle();
      assert.equal(isClosed, false);
      answer();
      await sending;
      await closing;
      await scene.receiveOne(await scene.simple());
    },
    'a schema that never answers ends with the time of the call': async (scene) => {
      const producer = scene.messaging.createProducer({ timeoutMs: 500 });
      const refused = refuses('MQ_REQUEST_TIMEOUT', () =>
        producer.send({ topic: answering(() => new Promise(() => {})), json: { id: 'A' } }),
      );
      await scene.settle();
      await scene.pass(500);
      await refused;
      await producer.close();
    },
    'a send that waits for a schema can be aborted': async (scene) => {
      const never = answering(() => new Promise(() => {}));
      const controller = new AbortController();
      const refused = refuses('MQ_ABORTED', () => scene.producer.send({ topic: never, json: { id: 'A' } }, { signal: controller.signal }));
      await scene.settle();
      controller.abort(new Error('enough'));
      assert.equal(((await refused).cause as Error).message, 'enough');
      await refuses('MQ_ABORTED', () => scene.producer.send({ topic: never, json: { id: 'A' } }, { signal: AbortSignal.abort() }));
    },
    ...Object.fromEntries(
      Object.entries(badSchemas).map(([what, validate]) => [
        `a schema that ${what} is MQ_ILLEGAL_ARGUMENT, and nothing is stored`,
        async (scene: Scene) => {
          const error = await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send({ topic: answering(validate), json: { id: 'A' } }));
          assert.equal(error.cause === undefined, !['throws', 'rejects'].includes(what), 'the cause says what the schema has thrown');
          await scene.receiveNothing(await scene.simple());
        },
      ]),
    ),
    'json() only parses; json({ validate: true }) asks the schema': async (scene) => {
      const message = await received(scene, { id: 'A', more: true });
      assert.deepEqual(wrongly(message.json()), { id: 'A', more: true });
      assert.deepEqual(wrongly(message.json({ validate: false })), { id: 'A', more: true });
      assert.deepEqual(message.json({ validate: true }), { id: 'A', cents: 0 });
    },
    'a message that does not match is told on receipt, and stays readable': async (scene) => {
      const message = await received(scene, { id: 7 });
      const error = await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', () => message.json({ validate: true }));
      assert.match(error.message, /id: must be a text/);
      assert.equal(message.text(), '{"id":7}');
    },
    'a listener that validates fails as by any other error': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 1 });
      await scene.messaging.createPushConsumer({
        group: GROUP,
        subscriptions: [orders],
        listener: (message) => void message.json({ validate: true }),
      });
      await scene.producer.send({ topic: TOPIC, json: { id: 7 } });
      await scene.eventually(async () => (await scene.admin.listDeadLetters(GROUP)).items.length === 1, 'the dead letter');
      const { items } = await scene.admin.listDeadLetters(GROUP);
      assert.match(items[0]?.reason ?? '', /does not match the schema/);
    },
    'what is no JSON text is MQ_MESSAGE_CORRUPTED, with and without validation': async (scene) => {
      await scene.producer.send({ topic: TOPIC, body: '{' });
      const message = await scene.receiveOne(await scene.simple({ subscriptions: [orders] }));
      await refuses('MQ_MESSAGE_CORRUPTED', () => message.json());
      await refuses('MQ_MESSAGE_CORRUPTED', () => message.json({ validate: true }));
    },
    'a schema that answers later cannot be asked on receipt': async (scene) => {
      const message = await received(scene, { id: 'A' }, slowOrders);
      await refuses('MQ_NOT_SUPPORTED', () => message.json({ validate: true }));
      const rejecting = await received(
        scene,
        { id: 'B' },
        answering(() => Promise.reject(new Error('nobody hears this'))),
      );
      await refuses('MQ_NOT_SUPPORTED', () => rejecting.json({ validate: true }));
    },
    'without a schema there is nothing to validate by': async (scene) => {
      await scene.producer.send({ topic: TOPIC, json: { id: 'A' } });
      const message = await scene.receiveOne(await scene.simple());
      await refuses('MQ_ILLEGAL_ARGUMENT', () => message.json({ validate: true }));
      const untyped = await received(scene, { id: 'B' }, defineTopic(TOPIC) as typeof orders);
      await refuses('MQ_ILLEGAL_ARGUMENT', () => untyped.json({ validate: true }));
    },
    'the options of json are checked': async (scene) => {
      const message = await received(scene, { id: 'A' });
      for (const options of [null, 'yes', { validate: 1 }, { check: true }]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => message.json(wrongly(options)));
      }
      assert.deepEqual(wrongly(message.json({ validate: undefined })), { id: 'A' });
    },
    'a view with a new invisible duration keeps its schema, and so does an acknowledged one': async (scene) => {
      await scene.producer.send({ topic: orders, json: { id: 'A' } });
      const consumer = await scene.messaging.createSimpleConsumer({ group: GROUP, subscriptions: [orders] });
      const [message] = await consumer.receive({ awaitDurationMs: 1_000 });
      assert.ok(message);
      const renewed = await consumer.changeInvisibleDuration(message, 60_000);
      const copied = await consumer.changeInvisibleDuration({ ...renewed }, 60_000);
      await consumer.ack(copied);
      for (const view of [message, renewed, copied]) assert.equal(view.json({ validate: true }).id, 'A');
    },
    'json with the names of prototypes is data like any other': async (scene) => {
      const open = answering((value) => ({ value }));
      const text = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"id":"A"}';
      await scene.producer.send({ topic: open, json: wrongly<OrderInput>(JSON.parse(text)) });
      const message = await scene.receiveOne(await scene.simple({ subscriptions: [open] }));
      assert.equal(message.text(), text);
      for (const value of [message.json(), message.json({ validate: true })]) {
        assert.equal(Object.getPrototypeOf(value), Object.prototype);
        assert.ok(Object.hasOwn(wrongly<object>(value), '__proto__'));
      }
      assert.equal(wrongly<{ isAdmin?: boolean }>({}).isAdmin, undefined);
    },
  },
};
