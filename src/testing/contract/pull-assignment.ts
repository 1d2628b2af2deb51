import assert from 'node:assert/strict';
import type { MessageQueue, PullConsumer } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { oneQueue } from './pull-consumers.ts';
import { refuses, TOPIC, texts, wrongly } from './scene.ts';

const queue = (queueId: number, topic = TOPIC): MessageQueue => ({ topic, queueId });

/** The numbers of the queues that a consumer reads. */
function ids(consumer: PullConsumer): number[] {
  return consumer
    .assignment()
    .map(({ queueId }) => queueId)
    .sort((left, right) => left - right);
}

/** Every queue of the topic is read by one of them. */
function sharesOf(consumers: readonly PullConsumer[], queueCount: number): number[] {
  const shares = consumers.map(ids);
  assert.deepEqual(
    shares.flat().sort((left, right) => left - right),
    Array.from({ length: queueCount }, (_, id) => id),
  );
  return shares.map((share) => share.length);
}

export const pullAssignment: ContractTheme = {
  name: 'pull consumers: assignment',
  tests: {
    'one consumer reads all queues': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 3 });
      const consumer = await scene.pull();
      assert.deepEqual(consumer.assignment(), [queue(0), queue(1), queue(2)]);
    },
    'queues are shared out when a consumer comes, and again when one goes': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 5 });
      const first = await scene.pull();
      const second = await scene.pull();
      assert.deepEqual(sharesOf([first, second], 5), [3, 2]);
      const before = ids(first);
      const third = await scene.pull();
      assert.deepEqual(sharesOf([first, second, third], 5).sort(), [1, 2, 2]);
      assert.ok(
        ids(first).every((id) => before.includes(id)),
        'a consumer gives queues away, and gets none for them',
      );
      await first.close();
      assert.deepEqual(sharesOf([second, third], 5).sort(), [2, 3]);
      await third.close();
      assert.deepEqual(sharesOf([second], 5), [5]);
    },
    'each message goes to one consumer, while they come and go': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 4 });
      const bodies = Array.from({ length: 12 }, (_, index) => `m${String(index).padStart(2, '0')}`);
      await scene.sendTexts(bodies);
      const seen: string[] = [];
      const first = await scene.pull();
      seen.push(...texts(await scene.poll(first, 12, { maxMessages: 3 })).slice(0, 12));
      await first.commit();
      const second = await scene.pull();
      for (const consumer of [first, second]) assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
      await scene.sendTexts(['x', 'y', 'z', 'w']);
      for (const consumer of [first, second]) seen.push(...texts(await scene.poll(consumer, 2)));
      assert.deepEqual(seen.sort(), [...bodies, 'w', 'x', 'y', 'z']);
    },
    'a consumer that gets no queue waits until one is free': async (scene) => {
      await oneQueue(scene);
      const first = await scene.pull();
      const second = await scene.pull();
      assert.deepEqual(second.assignment(), []);
      await scene.send({ body: 'a' });
      const polled = second.poll();
      await scene.settle();
      assert.deepEqual(texts(await first.poll()), ['a']);
      await first.close();
      assert.deepEqual(texts(await polled), ['a'], 'it was not committed');
    },
    'the queues of a topic that is created later are shared out': async (scene) => {
      const consumers = [await scene.pull(), await scene.pull()];
      assert.deepEqual(sharesOf(consumers, 0), [0, 0]);
      await scene.admin.createTopic(TOPIC, { queueCount: 2 });
      await scene.eventually(() => consumers.every((consumer) => ids(consumer).length === 1), 'each to have a queue');
    },
    'queues that are added later are shared out': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 2 });
      const consumers = [await scene.pull(), await scene.pull()];
      await scene.admin.updateTopic(TOPIC, { queueCount: 6 });
      await scene.eventually(() => consumers.every((consumer) => ids(consumer).length === 3), 'each to have three queues');
      sharesOf(consumers, 6);
    },
    'the queues of a topic that was deleted are gone': async (scene) => {
      await oneQueue(scene);
      const consumer = await scene.pull();
      await scene.admin.deleteTopic(TOPIC);
      assert.deepEqual(consumer.assignment(), []);
      await refuses('MQ_QUEUE_NOT_ASSIGNED', () => consumer.position(queue(0)));
    },
    'a queue goes to a consumer that subscribes to its topic': async (scene) => {
      await scene.admin.createTopic('a', { queueCount: 2 });
      await scene.admin.createTopic('b', { queueCount: 2 });
      const first = await scene.pull({ subscriptions: { a: '*' } });
      const second = await scene.pull({ subscriptions: { a: '*', b: '*' } });
      assert.deepEqual(first.assignment(), [queue(0, 'a'), queue(1, 'a')]);
      assert.deepEqual(second.assignment(), [queue(0, 'b'), queue(1, 'b')]);
    },
    'a consumer that comes takes no more queues from another one than it needs, whatever the order of its topics': async (scene) => {
      for (const name of ['a', 'b', 'c']) await scene.admin.createTopic(name, { queueCount: 2 });
      const first = await scene.pull({ subscriptions: { a: '*' } });
      await scene.send({ topic: 'a' });
      await scene.send({ topic: 'a' });
      await scene.poll(first, 2);
      await scene.pull({ subscriptions: { a: '*', b: '*', c: '*' } });
      assert.deepEqual(await Promise.all(first.assignment().map((each) => first.position(each))), [1, 1]);
    },
    'topics with one queue each are shared out too': async (scene) => {
      const names = ['a', 'b', 'c', 'd'];
      for (const name of names) await scene.admin.createTopic(name, { queueCount: 1 });
      const subscriptions = Object.fromEntries(names.map((name) => [name, '*']));
      const consumers = [await scene.pull({ subscriptions }), await scene.pull({ subscriptions })];
      assert.deepEqual(
        consumers.map((consumer) => consumer.assignment().length),
        [2, 2],
      );
    },
    'assign chooses queues, and the others share the rest': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 4 });
      const [first, second, third] = [await scene.pull(), await scene.pull(), await scene.pull()];
      first.assign([queue(3)]);
      assert.deepEqual(ids(first), [3]);
      assert.deepEqual(sharesOf([first, second, third], 4), [1, ...[ids(second).length, ids(third).length]]);
      first.assign([]);
      assert.deepEqual(sharesOf([first, second, third], 4), [0, 2, 2]);
      first.assign([queue(0), queue(1), queue(2), queue(3)]);
      assert.deepEqual([ids(second), ids(third)], [[], []]);
      await first.close();
      assert.deepEqual(sharesOf([second, third], 4), [2, 2]);
    },
    'a queue that another consumer has chosen is MQ_QUEUE_IN_USE, and nothing changes': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 2 });
      const [first, second] = [await scene.pull(), await scene.pull()];
      first.assign([queue(0)]);
      await refuses('MQ_QUEUE_IN_USE', () => second.assign([queue(1), queue(0)]));
      assert.deepEqual([ids(first), ids(second)], [[0], [1]]);
      await first.close();
      second.assign([queue(1), queue(0)]);
      assert.deepEqual(ids(second), [0, 1]);
    },
    'queues that there are not are refused, and nothing changes': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 2 });
      const consumer = await scene.pull({ subscriptions: { [TOPIC]: '*', 'to-come': '*' } });
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.assign([queue(2)]));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.assign([queue(0, 'not-subscribed')]));
      await refuses('MQ_TOPIC_NOT_FOUND', () => consumer.assign([queue(0, 'to-come')]));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.assign([{ ...queue(0), priority: 1 }]));
      for (const wrong of [undefined, null, 'a', queue(0), [queue(-1)], [queue(0.5)], [{ topic: TOPIC }], [{ ...queue(0), offset: 1 }]])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.assign(wrongly(wrong)));
      assert.deepEqual(ids(consumer), [0, 1]);
    },
    'seek and position are for queues that the consumer reads': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 2 });
      const [first, second] = [await scene.pull(), await scene.pull()];
      const [other] = second.assignment();
      assert.ok(other);
      await refuses('MQ_QUEUE_NOT_ASSIGNED', () => first.seek(other, 0));
      await refuses('MQ_QUEUE_NOT_ASSIGNED', () => first.position(other));
      await refuses('MQ_QUEUE_NOT_ASSIGNED', () => first.position(queue(0, 'unknown')));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => first.position(wrongly(undefined)));
    },
    'a commit leaves queues alone that another consumer has got': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(['a', 'b', 'c']);
      const [first, second] = [await scene.pull(), await scene.pull()];
      await first.poll({ maxMessages: 1 });
      second.assign([queue(0)]);
      await second.poll();
      await second.commit();
      await first.commit();
      await second.close();
      assert.equal(await first.position(queue(0)), 3);
    },
  },
};
