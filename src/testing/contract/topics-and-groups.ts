import assert from 'node:assert/strict';
import type { GroupOptions, TopicOptions } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, TOPIC, wrongly } from './scene.ts';

async function pagesOf<T>(
  list: (page: { limit: number; cursor?: string | undefined }) => Promise<{ items: readonly T[]; nextCursor?: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 2, cursor });
    assert.ok(page.items.length <= 2);
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

export const topicsAndGroups: ContractTheme = {
  name: 'topics and groups',
  tests: {
    'a topic that was created by itself is mixed and has four queues': async (scene) => {
      await scene.send();
      const topic = await scene.admin.getTopic(TOPIC);
      assert.equal(topic?.type, 'mixed');
      assert.equal(topic?.queueCount, 4);
      assert.equal(
        topic?.queues.reduce((sum, { maxOffset }) => sum + maxOffset, 0),
        1,
      );
    },
    'to create the same topic again succeeds; with other options it is MQ_TOPIC_EXISTS': async (scene) => {
      const first = await scene.admin.createTopic(TOPIC, { type: 'fifo', queueCount: 2 });
      const again = await scene.admin.createTopic(TOPIC, { type: 'fifo', queueCount: 2 });
      assert.equal(again.topicId, first.topicId);
      await refuses('MQ_TOPIC_EXISTS', () => scene.admin.createTopic(TOPIC, { type: 'fifo', queueCount: 3 }));
      await refuses('MQ_TOPIC_EXISTS', () => scene.admin.createTopic(TOPIC));
    },
    'to create the same group again succeeds; with other options it is MQ_GROUP_EXISTS': async (scene) => {
      const options: GroupOptions = { maxAttempts: 3, retryPolicy: { kind: 'customized', delaysMs: [1, 2] } };
      const first = await scene.admin.createGroup(GROUP, options);
      const again = await scene.admin.createGroup(GROUP, { ...options });
      assert.equal(again.groupId, first.groupId);
      await refuses('MQ_GROUP_EXISTS', () => scene.admin.createGroup(GROUP, { ...options, maxAttempts: 4 }));
    },
    'what does not exist is undefined to get, and refused to change or delete': async (scene) => {
      const { admin } = scene;
      assert.equal(await admin.getTopic('nothing'), undefined);
      assert.equal(await admin.getGroup('nobody'), undefined);
      await refuses('MQ_TOPIC_NOT_FOUND', () => admin.updateTopic('nothing', { queueCount: 8 }));
      await refuses('MQ_TOPIC_NOT_FOUND', () => admin.deleteTopic('nothing'));
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => admin.updateGroup('nobody', { maxAttempts: 1 }));
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => admin.deleteGroup('nobody'));
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => admin.getGroupProgress('nobody'));
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => admin.resetOffset('nobody', { topic: TOPIC, to: 'earliest' }));
    },
    'the type of a topic is enforced, and the error names the way out': async (scene) => {
      await scene.admin.createTopic('fifo-topic', { type: 'fifo' });
      await scene.admin.createTopic('normal-topic', { type: 'normal' });
      const error = await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.send({ topic: 'fifo-topic' }));
      assert.match(error.message, /fifo/);
      assert.match(error.message, /updateTopic/);
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.send({ topic: 'normal-topic', messageGroup: 'g' }));
      await scene.send({ topic: 'fifo-topic', messageGroup: 'g' });
      await scene.send({ topic: 'normal-topic' });
      await scene.admin.updateTopic('fifo-topic', { type: 'mixed' });
      await scene.send({ topic: 'fifo-topic' });
    },
    'queues can be added and not taken away': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 2 });
      const grown = await scene.admin.updateTopic(TOPIC, { queueCount: 6 });
      assert.equal(grown.queueCount, 6);
      assert.equal(grown.createdQueueCount, 2);
      assert.equal(grown.queues.length, 6);
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.updateTopic(TOPIC, { queueCount: 5 }));
      const receipts = await scene.sendTexts(Array.from({ length: 12 }, (_, i) => `${i}`));
      assert.equal(new Set(receipts.map(({ queueId }) => queueId)).size, 6);
    },
    'options of topics and groups are checked': async (scene) => {
      for (const options of [{ queueCount: 0 }, { queueCount: 1_025 }, { queueCount: 1.5 }, { type: 'other' }, { queues: 4 }, null]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.createTopic(TOPIC, wrongly<TopicOptions>(options)));
      }
      for (const options of [
        { maxAttempts: 0 },
        { maxAttempts: Number.NaN },
        { ordered: 1 },
        { paused: 'no' },
        { startFrom: 7 },
        { attempts: 4 },
        null,
      ]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.createGroup(GROUP, wrongly<GroupOptions>(options)));
      }
    },
    'names are checked': async (scene) => {
      for (const name of ['', 'a b', 'ü', 'a/b', 'a.b', 't'.repeat(128)]) {
        await refuses('MQ_ILLEGAL_TOPIC', () => scene.admin.createTopic(name));
        await refuses('MQ_ILLEGAL_TOPIC', () => scene.simple({ subscriptions: { [name]: '*' } }));
      }
      for (const name of ['', 'a b', 'g'.repeat(121), 'CID_RMQ_SYS_x']) {
        await refuses('MQ_ILLEGAL_CONSUMER_GROUP', () => scene.admin.createGroup(name));
        await refuses('MQ_ILLEGAL_CONSUMER_GROUP', () => scene.simple({ group: name }));
      }
      await scene.admin.createTopic('%|_-09azAZ'.padEnd(127, 'x'));
      await scene.admin.createGroup('%|_-09azAZ'.padEnd(120, 'x'));
    },
    'names like __proto__ and constructor are names like any other': async (scene) => {
      for (const name of ['__proto__', 'constructor', 'toString']) {
        const consumer = await scene.simple({ group: name, subscriptions: Object.fromEntries([[name, '*']]) });
        await scene.send({ topic: name, body: name, messageGroup: name });
        assert.equal((await scene.receiveOne(consumer)).text(), name);
      }
    },
    'topics and groups are listed by name, in pages': async (scene) => {
      for (const name of ['d', 'b', 'e', 'a', 'c']) {
        await scene.admin.createTopic(name);
        await scene.admin.createGroup(name);
      }
      const topics = await pagesOf((page) => scene.admin.listTopics(page));
      assert.deepEqual(
        topics.map(({ name }) => name),
        ['a', 'b', 'c', 'd', 'e'],
      );
      const groups = await pagesOf((page) => scene.admin.listGroups(page));
      assert.deepEqual(
        groups.map(({ name }) => name),
        ['a', 'b', 'c', 'd', 'e'],
      );
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.listTopics({ limit: 0 }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.listTopics({ cursor: wrongly<string>(7) }));
    },
    'a deleted topic is gone with its messages, and its name is free': async (scene) => {
      await scene.sendTexts(['old']);
      const before = await scene.admin.getTopic(TOPIC);
      await scene.admin.deleteTopic(TOPIC);
      assert.equal(await scene.admin.getTopic(TOPIC), undefined);
      const consumer = await scene.simple();
      await scene.receiveNothing(consumer);
      const receipt = await scene.send({ body: 'new' });
      assert.equal(receipt.queueOffset, 0);
      assert.equal((await scene.receiveOne(consumer)).text(), 'new');
      assert.notEqual((await scene.admin.getTopic(TOPIC))?.topicId, before?.topicId);
    },
    'a topic can be deleted under an open consumer, and appear again': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'old' });
      await scene.receiveOne(consumer);
      await scene.admin.deleteTopic(TOPIC);
      await scene.receiveNothing(consumer);
      await scene.send({ body: 'new' });
      assert.equal((await scene.receiveOne(consumer)).text(), 'new');
    },
    'a deleted group starts anew': async (scene) => {
      await scene.sendTexts(['a']);
      const first = await scene.simple();
      await refuses('MQ_GROUP_IN_USE', () => scene.admin.deleteGroup(GROUP));
      await first.ack(await scene.receiveOne(first));
      await first.close();
      await scene.admin.deleteGroup(GROUP);
      assert.equal(await scene.admin.getGroup(GROUP), undefined);
      const again = await scene.receiveOne(await scene.simple());
      assert.equal(again.text(), 'a');
      assert.equal(again.deliveryAttempt, 1);
    },
    'a deleted group takes its dead letters along': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 1 });
      await scene.send();
      const consumer = await scene.simple();
      await consumer.forwardToDeadLetter(await scene.receiveOne(consumer));
      await consumer.close();
      await scene.admin.deleteGroup(GROUP);
      await scene.admin.createGroup(GROUP);
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
    },
    'a paused group hands out nothing until it goes on': async (scene) => {
      await scene.admin.createGroup(GROUP, { paused: true });
      await scene.send();
      const consumer = await scene.simple();
      await scene.receiveNothing(consumer);
      const receiving = consumer.receive({ awaitDurationMs: 60_000 });
      await scene.settle();
      await scene.admin.updateGroup(GROUP, { paused: false });
      assert.equal((await receiving).length, 1);
    },
    'maxAttempts may be lowered: the next failure is the last': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await scene.receiveOne(consumer);
      await scene.admin.updateGroup(GROUP, { maxAttempts: 1 });
      await scene.pass(1_000);
      await scene.eventually(async () => (await scene.admin.listDeadLetters(GROUP)).items.length === 1, 'the dead letter');
    },
    'the kind of a group is recorded at its first use': async (scene) => {
      await scene.admin.createGroup(GROUP);
      assert.equal((await scene.admin.getGroup(GROUP))?.kind, undefined);
      await scene.simple({ subscriptions: { [TOPIC]: 'b || a' } });
      const group = await scene.admin.getGroup(GROUP);
      assert.equal(group?.kind, 'push/simple');
      assert.equal(group?.subscriptions[TOPIC], 'a || b');
    },
  },
};
