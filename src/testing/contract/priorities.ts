import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC, texts, wrongly } from './scene.ts';

async function priorityTopic(scene: Scene, queueCount = 2): Promise<void> {
  await scene.admin.createTopic(TOPIC, { type: 'priority', queueCount });
}

/** Sends one message for each priority, named by it. */
async function sendEach(scene: Scene, priorities: readonly number[]): Promise<void> {
  for (const priority of priorities) await scene.send({ body: `p${priority}`, priority });
}

export const priorities: ContractTheme = {
  name: 'priorities',
  tests: {
    'under a backlog the highest priority comes first': async (scene) => {
      await priorityTopic(scene);
      await sendEach(scene, [0, 5, 9, 3, 7, 1]);
      const consumer = await scene.simple();
      const seen: string[] = [];
      for (let i = 0; i < 6; i++) seen.push((await scene.receiveOne(consumer)).text());
      assert.deepEqual(seen, ['p9', 'p7', 'p5', 'p3', 'p1', 'p0']);
    },
    'one receive brings messages in the order of their priorities': async (scene) => {
      await priorityTopic(scene, 1);
      await sendEach(scene, [2, 8, 4]);
      const consumer = await scene.simple();
      assert.deepEqual(texts(await scene.receive(consumer, 3, { maxMessages: 3 })), ['p8', 'p4', 'p2']);
    },
    'messages of one priority and one queue come in the order of their sends': async (scene) => {
      await priorityTopic(scene, 1);
      await scene.sendTexts(['a', 'b', 'c'], { priority: 4 });
      const consumer = await scene.simple();
      assert.deepEqual(texts(await scene.receive(consumer, 3)), ['a', 'b', 'c']);
    },
    'a view tells the priority, which is 0 where the message had none': async (scene) => {
      await priorityTopic(scene, 1);
      await scene.send({ body: 'plain' });
      await scene.send({ body: 'urgent', priority: 9 });
      const consumer = await scene.simple();
      const messages = await scene.receive(consumer, 2, { maxMessages: 2 });
      assert.deepEqual(
        messages.map(({ priority, queueId }) => [priority, queueId]),
        [
          [9, 0],
          [0, 0],
        ],
      );
    },
    'views of other topics have no priority': async (scene) => {
      await scene.send();
      assert.equal((await scene.receiveOne(await scene.simple())).priority, undefined);
    },
    'nothing starves: every sixteenth message is of the level that has waited longest': async (scene) => {
      await priorityTopic(scene, 1);
      await scene.send({ body: 'patient', priority: 0 });
      await scene.producer.sendBatch(Array.from({ length: 40 }, (_, i) => ({ topic: TOPIC, body: `${i}`, priority: 9 })));
      const consumer = await scene.simple();
      const seen = texts(await scene.receive(consumer, 41, { maxMessages: 41 }));
      assert.equal(seen.indexOf('patient'), 15);
    },
    'consumers of a group take turns together': async (scene) => {
      await priorityTopic(scene, 1);
      await scene.send({ body: 'patient', priority: 0 });
      await scene.producer.sendBatch(Array.from({ length: 40 }, (_, i) => ({ topic: TOPIC, body: `${i}`, priority: 9 })));
      const consumers = [await scene.simple(), await scene.simple()] as const;
      const seen: string[] = [];
      for (let i = 0; i < 16; i++) seen.push((await scene.receiveOne(consumers[i % 2 === 0 ? 0 : 1])).text());
      assert.equal(seen.indexOf('patient'), 15);
    },
    'a push listener gets the highest first': async (scene) => {
      await priorityTopic(scene);
      await sendEach(scene, [1, 9, 5]);
      const seen: string[] = [];
      await scene.push({ concurrency: 1, listener: (message) => void seen.push(message.text()) });
      await scene.eventually(() => seen.length === 3, 'three messages');
      assert.deepEqual(seen, ['p9', 'p5', 'p1']);
    },
    'a redelivery competes at its own priority': async (scene) => {
      await priorityTopic(scene, 1);
      await scene.send({ body: 'low', priority: 1 });
      const consumer = await scene.simple();
      const low = await scene.receiveOne(consumer);
      await sendEach(scene, [5]);
      await consumer.changeInvisibleDuration(low, 0);
      const order = [await scene.receiveOne(consumer), await scene.receiveOne(consumer)];
      assert.deepEqual(
        order.map((message) => [message.text(), message.priority, message.deliveryAttempt]),
        [
          ['p5', 5, 1],
          ['low', 1, 2],
        ],
      );
    },
    'acknowledged messages of every priority are settled': async (scene) => {
      await priorityTopic(scene);
      await sendEach(scene, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const consumer = await scene.simple();
      await consumer.ack(await scene.receive(consumer, 10));
      const progress = await scene.admin.getGroupProgress(GROUP);
      assert.equal(
        progress.reduce((lag, queue) => lag + queue.lag, 0),
        0,
      );
      assert.deepEqual([...new Set(progress.map(({ priority }) => priority))].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
    'a dead letter keeps its priority when it is redriven': async (scene) => {
      await priorityTopic(scene, 1);
      await scene.send({ body: 'bad', priority: 6 });
      const consumer = await scene.simple();
      await consumer.forwardToDeadLetter(await scene.receiveOne(consumer));
      const { items } = await scene.admin.listDeadLetters(GROUP);
      assert.deepEqual([items[0]?.message.priority, items[0]?.originQueueId], [6, 0]);
      await scene.admin.redriveDeadLetters(GROUP, { to: TOPIC });
      assert.equal((await scene.receiveOne(consumer)).priority, 6);
    },
    'queues that are added later have all priorities': async (scene) => {
      await priorityTopic(scene, 1);
      const consumer = await scene.simple();
      await scene.admin.updateTopic(TOPIC, { queueCount: 3 });
      await sendEach(scene, [9, 9, 9, 0, 0, 0]);
      const messages = await scene.receive(consumer, 6);
      assert.deepEqual([...new Set(messages.map(({ queueId }) => queueId))].sort(), [0, 1, 2]);
    },
    'a reset of one priority leaves the others': async (scene) => {
      await priorityTopic(scene, 1);
      await sendEach(scene, [3, 8]);
      const consumer = await scene.simple();
      await consumer.ack(await scene.receive(consumer, 2));
      const resets = await scene.admin.resetOffset(GROUP, { topic: TOPIC, priority: 8, to: 'earliest' });
      assert.deepEqual(resets, [{ topic: TOPIC, queueId: 0, priority: 8, from: 1, to: 0 }]);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['p8']);
      await scene.receiveNothing(consumer);
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.resetOffset(GROUP, { topic: TOPIC, queueId: 0, to: { offset: 0 } }));
    },
    'a topic without priorities refuses them, and names a way': async (scene) => {
      for (const type of ['mixed', 'normal', 'fifo'] as const) {
        await scene.admin.createTopic(`topic-${type}`, { type });
        const error = await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.send({ topic: `topic-${type}`, priority: 1 }));
        assert.ok(error.message.includes('priority'), error.message);
      }
    },
    'a message group has no place in a priority topic, nor beside a priority': async (scene) => {
      await priorityTopic(scene);
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.send({ messageGroup: 'g' }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.send({ messageGroup: 'g', priority: 1 }));
    },
    'a priority is an integer from 0 to 9': async (scene) => {
      await priorityTopic(scene);
      for (const priority of [-1, 10, 1.5, Number.NaN, '5', null])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.send({ priority: wrongly(priority) }));
    },
    'a topic has priorities from its creation or never': async (scene) => {
      await priorityTopic(scene);
      await scene.admin.createTopic('plain');
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.updateTopic(TOPIC, { type: 'mixed' }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.updateTopic('plain', { type: 'priority' }));
    },
  },
};
