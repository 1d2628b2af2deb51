import assert from 'node:assert/strict';
import { defineTopic, type Message, type MessageView, type Subscriptions } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { type Order, orderSchema } from './order-schema.ts';
import { GROUP, refuses, type Scene, TOPIC, texts, wrongly } from './scene.ts';

const orders = defineTopic(TOPIC, { schema: orderSchema });
const invoices = defineTopic<{ no: number }, 'invoices'>('invoices');

/** The only message of a consumer that subscribed to `orders`. */
async function receiveOrder(scene: Scene): Promise<MessageView<Order, typeof TOPIC>> {
  const consumer = await scene.messaging.createSimpleConsumer({ group: GROUP, subscriptions: [orders] });
  const [message] = await consumer.receive({ maxMessages: 1, awaitDurationMs: 1_000 });
  assert.ok(message, 'the message should be there');
  return message;
}

export const typedTopics: ContractTheme = {
  name: 'typed topics',
  tests: {
    'what the schema makes of json is what is stored': async (scene) => {
      const receipt = await scene.producer.send({
        topic: orders,
        json: { id: 'A-1' },
        tag: 'paid',
        keys: ['A-1'],
        properties: { by: 'ada' },
      });
      assert.equal(receipt.topic, TOPIC);
      const message = await receiveOrder(scene);
      assert.equal(message.text(), '{"id":"A-1","cents":0}');
      assert.deepEqual(message.json(), { id: 'A-1', cents: 0 });
      assert.deepEqual(
        [message.messageId, message.tag, message.keys, { ...message.properties }],
        [receipt.messageId, 'paid', ['A-1'], { by: 'ada' }],
      );
    },
    'a delay message is recalled from the topic that it was sent to': async (scene) => {
      const { messageId, recallHandle = '' } = await scene.producer.send({ topic: orders, json: { id: 'A-1' }, delayMs: 60_000 });
      assert.deepEqual(await scene.producer.recall(orders, recallHandle), { messageId });
      await refuses('MQ_RECALL_TOO_LATE', () => scene.producer.recall(TOPIC, recallHandle));
    },
    'a value that does not match is refused with every place, alone and with a batch around it': async (scene) => {
      const bad = wrongly<{ id: string }>({ id: 7, cents: -5 });
      const good = { topic: orders, json: { id: 'A-1' } };
      for (const call of [
        () => scene.producer.send({ topic: orders, json: bad }),
        () => scene.producer.sendBatch([good, { topic: orders, json: bad }, good]),
      ]) {
        const error = await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', call);
        assert.match(error.message, /"contract-topic": id: must be a text; cents: must be at least 0/);
        assert.deepEqual(wrongly<{ details: object }>(error).details, { topic: TOPIC, issues: 2, path: 'id' });
        const issues = wrongly<{ path: string[] }[]>(error.cause);
        assert.deepEqual(
          issues.map(({ path }) => path),
          [['id'], ['cents']],
        );
      }
      await scene.receiveNothing(await scene.simple());
    },
    'an error never shows the value': async (scene) => {
      const error = await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', () =>
        scene.producer.send({ topic: orders, json: { id: 'A', cents: -4711 } }),
      );
      assert.ok(!`${error.message}${JSON.stringify(error.cause)}`.includes('4711'), error.message);
    },
    'a one-way send tells its callback of a mismatch': async (scene) => {
      const code = await new Promise((resolve) => {
        scene.producer.sendOneway({ topic: orders, json: { id: 'A', cents: -1 } }, (error) => resolve(error?.code));
      });
      assert.equal(code, 'MQ_MESSAGE_SCHEMA_MISMATCH');
    },
    'a topic with a schema wants json, and no body': async (scene) => {
      for (const content of [{ body: '{"id":"A"}' }, { body: 'x', json: { id: 'A' } }, {}, { json: undefined }, { json: null }]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send(wrongly<Message>({ topic: orders, ...content })));
      }
      await scene.receiveNothing(await scene.simple());
    },
    'the other rules of messages hold as for a name': async (scene) => {
      const json = { id: 'A' };
      await refuses('MQ_ILLEGAL_MESSAGE_TAG', () => scene.producer.send({ topic: orders, json, tag: 'a|b' }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send(wrongly<Message>({ topic: orders, json, tags: 'a' })));
      await refuses('MQ_MESSAGE_BODY_TOO_LARGE', () => scene.producer.send({ topic: orders, json: { id: 'x'.repeat(4 * 1024 * 1024) } }));
    },
    'a topic without a schema takes what a name takes': async (scene) => {
      await scene.producer.send({ topic: invoices, json: { no: 1 } });
      await scene.producer.send({ topic: invoices, json: wrongly<{ no: number }>('anything') });
      await scene.producer.send({ topic: invoices, body: new Uint8Array([1]) });
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send({ topic: invoices }));
      const consumer = await scene.simple({ subscriptions: { invoices: '*' } });
      assert.equal((await scene.receive(consumer, 3)).length, 3);
    },
    'an object that defineTopic has not made is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      for (const topic of [{ name: TOPIC }, [orders], new Date(0)]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send(wrongly<Message>({ topic, json: { id: 'A' } })));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.simple({ subscriptions: wrongly([topic]) }));
      }
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send(wrongly<Message>({ topic: null, body: 'x' })));
    },
    'a list of topics brings everything of each, and message.topic tells them apart': async (scene) => {
      const totals = { cents: 0, no: 0 };
      await scene.messaging.createPushConsumer({
        group: GROUP,
        subscriptions: [orders, invoices],
        listener: (message) => {
          if (message.topic === 'invoices') totals.no += message.json().no;
          else totals.cents += message.json().cents;
        },
      });
      await scene.producer.sendBatch([
        { topic: orders, json: { id: 'A', cents: 5 } },
        { topic: invoices, json: { no: 7 } },
        { topic: TOPIC, json: { id: 'B', cents: 6 } },
      ]);
      await scene.eventually(() => totals.cents === 11 && totals.no === 7, 'all three messages');
    },
    'a topic of a list may have a filter': async (scene) => {
      const consumer = await scene.messaging.createSimpleConsumer({
        group: GROUP,
        subscriptions: [invoices, { topic: orders, filter: 'paid' }],
      });
      await scene.producer.send({ topic: orders, json: { id: 'open' } });
      await scene.producer.send({ topic: orders, json: { id: 'paid' }, tag: 'paid' });
      await scene.producer.send({ topic: invoices, json: { no: 1 } });
      const found = await scene.receive(consumer, 2);
      assert.deepEqual(texts(found).sort(), ['{"id":"paid","cents":0}', '{"no":1}']);
      await scene.receiveNothing(consumer);
    },
    'a list and names are the same subscription': async (scene) => {
      await scene.simple();
      await scene.simple({ subscriptions: [orders] });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.simple({ subscriptions: [{ topic: orders, filter: 'paid' }] }));
    },
    'a loop over a consumer gives the type too': async (scene) => {
      await scene.producer.send({ topic: orders, json: { id: 'A', cents: 3 } });
      const consumer = await scene.messaging.createSimpleConsumer({ group: GROUP, subscriptions: [orders] });
      let cents = 0;
      for await (const message of consumer) {
        cents += message.json().cents;
        break;
      }
      assert.equal(cents, 3);
    },
    'subscriptions of no right shape are refused': async (scene) => {
      const wrong = [[], ['orders'], [orders, orders], [orders, { topic: orders, filter: 'a' }], [{ topic: 'orders' }], [null], orders];
      for (const subscriptions of [...wrong, [{ topic: orders, filters: 'a' }]]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.simple({ subscriptions: wrongly<Subscriptions>(subscriptions) }));
      }
      await refuses('MQ_ILLEGAL_FILTER_EXPRESSION', () => scene.simple({ subscriptions: [{ topic: orders, filter: '|' }] }));
    },
    'a topic that a typed send creates is of the type of its definition': async (scene) => {
      const lines = defineTopic<string>('lines', { type: 'fifo' });
      await scene.producer.send({ topic: lines, json: 'a', messageGroup: 'g' });
      assert.equal((await scene.admin.getTopic('lines'))?.type, 'fifo');
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.producer.send({ topic: lines, json: 'b' }));
      const more = defineTopic<string>('more-lines', { type: 'fifo' });
      await scene.producer.sendBatch([{ topic: more, json: 'a', messageGroup: 'g' }]);
      assert.equal((await scene.admin.getTopic('more-lines'))?.type, 'fifo');
    },
    'a topic that exists keeps its type': async (scene) => {
      await scene.admin.createTopic('lines', { type: 'normal' });
      await scene.producer.send({ topic: defineTopic<string>('lines', { type: 'fifo' }), json: 'a' });
      assert.equal((await scene.admin.getTopic('lines'))?.type, 'normal');
    },
    'a producer creates the typed topics that it is told of': async (scene) => {
      const producer = scene.messaging.createProducer({ topics: [orders, defineTopic('lines', { type: 'fifo' })] });
      await producer.close();
      assert.equal((await scene.admin.getTopic(TOPIC))?.type, 'mixed');
      assert.equal((await scene.admin.getTopic('lines'))?.type, 'fifo');
    },
  },
};
