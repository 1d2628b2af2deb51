import assert from 'node:assert/strict';
import { defineTopic } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { orderSchema } from './order-schema.ts';
import { GROUP, refuses, type Scene, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

/** A topic with one queue, so that everything comes in the order of sending. */
export async function oneQueue(scene: Scene): Promise<void> {
  await scene.admin.createTopic(TOPIC, { queueCount: 1 });
}

const letters = ['a', 'b', 'c', 'd', 'e'];

export const pullConsumers: ContractTheme = {
  name: 'pull consumers: polling',
  tests: {
    'poll brings what is there, in the order of the queue, and goes on behind it': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      assert.deepEqual(texts(await consumer.poll({ maxMessages: 2 })), ['a', 'b']);
      assert.deepEqual(texts(await consumer.poll()), ['c', 'd', 'e']);
      assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
    },
    'poll brings the messages of all queues, each once': async (scene) => {
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      assert.deepEqual(sortedTexts(await scene.poll(consumer, 5, { maxMessages: 2 })), letters);
      assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
    },
    'poll waits for a first message': async (scene) => {
      const consumer = await scene.pull();
      const polled = consumer.poll();
      await scene.settle();
      await scene.send({ body: 'late' });
      assert.deepEqual(texts(await polled), ['late']);
    },
    'poll ends with nothing when its waiting time is over': async (scene) => {
      const consumer = await scene.pull();
      const polled = consumer.poll({ awaitDurationMs: 500 });
      await scene.pass(500);
      assert.deepEqual(await polled, []);
    },
    'polls that overlap are answered one after the other': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      const polls = [1, 2, 2].map((maxMessages) => consumer.poll({ maxMessages }));
      assert.deepEqual((await Promise.all(polls)).map(texts), [['a'], ['b', 'c'], ['d', 'e']]);
    },
    'a signal ends the waiting, and no message is lost': async (scene) => {
      const consumer = await scene.pull();
      const abort = new AbortController();
      const polled = consumer.poll({ signal: abort.signal });
      abort.abort();
      await refuses('MQ_ABORTED', () => polled);
      await refuses('MQ_ABORTED', () => consumer.poll({ signal: abort.signal }));
      await scene.send({ body: 'a' });
      assert.deepEqual(texts(await scene.poll(consumer, 1)), ['a']);
    },
    'a view says what was sent, has the attempt 1, and cannot be acknowledged': async (scene) => {
      const receipt = await scene.send({ body: 'a', tag: 't', keys: ['k'], properties: { p: 'v' }, messageGroup: 'g' });
      const [message] = await scene.poll(await scene.pull(), 1);
      assert.ok(message);
      const { messageId, queueId, queueOffset, tag, keys, properties, messageGroup, deliveryAttempt, receiptHandle } = message;
      assert.deepEqual([messageId, queueId, queueOffset], [receipt.messageId, receipt.queueId, receipt.queueOffset]);
      assert.deepEqual([tag, keys, { ...properties }, messageGroup], ['t', ['k'], { p: 'v' }, 'g']);
      assert.deepEqual([deliveryAttempt, receiptHandle], [1, '']);
      const other = await scene.simple({ group: 'other' });
      await refuses('MQ_INVALID_RECEIPT_HANDLE', () => other.ack(message));
    },
    'a filter passes over what it does not match, and the position with it': async (scene) => {
      await oneQueue(scene);
      for (const tag of ['x', 'y', 'x', 'y', 'y']) await scene.send({ body: tag, tag, properties: { size: tag === 'x' ? '1' : '2' } });
      const queue = { topic: TOPIC, queueId: 0 };
      for (const [group, filter] of Object.entries({ tags: 'x', sql: { sql: 'size = 1' } })) {
        const consumer = await scene.pull({ group, subscriptions: { [TOPIC]: filter } });
        assert.deepEqual(texts(await scene.poll(consumer, 2)), ['x', 'x']);
        assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
        assert.equal(await consumer.position(queue), 5);
      }
    },
    'what outlived its time to live is passed over, and told': async (scene) => {
      await oneQueue(scene);
      await scene.send({ body: 'old', ttlMs: 1_000 });
      await scene.pass(1_000);
      await scene.send({ body: 'new', ttlMs: 60_000 });
      assert.deepEqual(texts(await scene.poll(await scene.pull(), 1)), ['new']);
      assert.equal((await scene.admin.stats()).expired, 1);
    },
    'delay messages come when they are due': async (scene) => {
      const consumer = await scene.pull();
      await scene.send({ body: 'later', delayMs: 1_000 });
      assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
      await scene.pass(1_000);
      assert.deepEqual(texts(await scene.poll(consumer, 1)), ['later']);
    },
    'of a priority topic the highest comes first, and every queue has a position for each priority': async (scene) => {
      await scene.admin.createTopic(TOPIC, { type: 'priority', queueCount: 1 });
      for (const priority of [0, 9, 5]) await scene.send({ body: `p${priority}`, priority });
      const consumer = await scene.pull();
      assert.deepEqual(texts(await scene.poll(consumer, 3)), ['p9', 'p5', 'p0']);
      assert.equal(consumer.assignment().length, 10);
      assert.equal(await consumer.position({ topic: TOPIC, queueId: 0, priority: 9 }), 1);
      assert.equal(await consumer.position({ topic: TOPIC, queueId: 0, priority: 8 }), 0);
      await refuses('MQ_QUEUE_NOT_ASSIGNED', () => consumer.position({ topic: TOPIC, queueId: 0 }));
    },
    'messages of a typed topic have its type': async (scene) => {
      const orders = defineTopic(TOPIC, { schema: orderSchema });
      await scene.producer.send({ topic: orders, json: { id: 'A-1', cents: 995 } });
      const consumer = await scene.messaging.createPullConsumer({ group: GROUP, subscriptions: [orders] });
      const [message] = await consumer.poll();
      assert.equal(message?.json({ validate: true }).cents, 995);
    },
    'a paused group polls nothing until it goes on': async (scene) => {
      await scene.admin.createGroup(GROUP, { paused: true });
      await scene.send({ body: 'a' });
      const consumer = await scene.pull();
      assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
      const polled = consumer.poll();
      await scene.admin.updateGroup(GROUP, { paused: false });
      assert.deepEqual(texts(await polled), ['a']);
    },
    'closing rejects the polls that wait, and what is called later': async (scene) => {
      const consumer = await scene.pull();
      const polled = consumer.poll();
      await consumer.close();
      await refuses('MQ_BROKER_NOT_OPEN', () => polled);
      const queue = { topic: TOPIC, queueId: 0 };
      const calls: (() => unknown)[] = [
        () => consumer.poll(),
        () => consumer.assignment(),
        () => consumer.assign([]),
        () => consumer.seek(queue, 0),
        () => consumer.position(queue),
        () => consumer.commit(),
      ];
      for (const call of calls) await refuses('MQ_BROKER_NOT_OPEN', call);
      await consumer.close();
    },
    'wrong options are refused by name': async (scene) => {
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.pull(wrongly({ invisibleDurationMs: 1 })));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.pull({ subscriptions: {} }));
      await refuses('MQ_ILLEGAL_CONSUMER_GROUP', () => scene.pull({ group: 'no blanks' }));
      const consumer = await scene.pull();
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.poll({ maxMessages: 0 }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.poll(wrongly({ invisibleDurationMs: 1 })));
      await refuses('MQ_ILLEGAL_POLLING_TIME', () => consumer.poll({ awaitDurationMs: -1 }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.poll({ signal: wrongly('stop') }));
    },
  },
};
