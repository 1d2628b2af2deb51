import assert from 'node:assert/strict';
import type { DeadLetter, GroupOptions } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, sortedTexts, TOPIC, wrongly } from './scene.ts';

const NO_WAIT: GroupOptions = { retryPolicy: { kind: 'customized', delaysMs: [0] } };

/** Lets a push consumer fail every message until all of them are dead letters. */
async function bury(scene: Scene, bodies: readonly string[], options: GroupOptions = {}): Promise<readonly DeadLetter[]> {
  await scene.admin.createGroup(GROUP, { ...NO_WAIT, maxAttempts: 2, ...options });
  await scene.sendTexts(bodies);
  const consumer = await scene.push({
    listener: (message) => {
      throw new Error(`cannot do ${message.text()}`);
    },
  });
  const dead = await deadLetters(scene, bodies.length);
  await consumer.close();
  return dead;
}

async function deadLetters(scene: Scene, count: number): Promise<readonly DeadLetter[]> {
  let items: readonly DeadLetter[] = [];
  await scene.eventually(async () => {
    ({ items } = await scene.admin.listDeadLetters(GROUP));
    return items.length === count;
  }, `${count} dead letters`);
  return items;
}

export const deadLettersTheme: ContractTheme = {
  name: 'dead letters',
  tests: {
    'a message is dead-lettered after exactly maxAttempts failures': async (scene) => {
      await scene.admin.createGroup(GROUP, { ...NO_WAIT, maxAttempts: 3 });
      const attempts: number[] = [];
      await scene.push({
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return 'failure';
        },
      });
      await scene.send();
      const [dead] = await deadLetters(scene, 1);
      assert.equal(dead?.attempts, 3);
      await scene.settle();
      assert.deepEqual(attempts, [1, 2, 3]);
    },
    'a message is dead-lettered when the lease of its last attempt runs out, without another receive': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 2 });
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await scene.receiveOne(consumer);
      await scene.pass(1_000);
      await scene.receiveOne(consumer);
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      await scene.pass(1_000);
      const [dead] = await deadLetters(scene, 1);
      assert.equal(dead?.attempts, 2);
      await scene.receiveNothing(consumer);
    },
    'giving back the last attempt dead-letters the message': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 1 });
      await scene.send();
      const consumer = await scene.simple();
      await consumer.changeInvisibleDuration(await scene.receiveOne(consumer), 0);
      await deadLetters(scene, 1);
      await scene.receiveNothing(consumer);
    },
    'an acknowledged last attempt is no dead letter': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 1 });
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await consumer.ack(await scene.receiveOne(consumer));
      await scene.pass(1_000);
      await scene.settle();
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
    },
    'a dead letter tells where it came from and why': async (scene) => {
      await scene.admin.createGroup(GROUP, { ...NO_WAIT, maxAttempts: 1 });
      await scene.push({
        listener: () => {
          throw new Error('no such customer');
        },
      });
      const receipt = await scene.send({ body: 'order', tag: 'paid', keys: ['order-1'], properties: { region: 'eu' } });
      const [dead] = await deadLetters(scene, 1);
      assert.ok(dead);
      assert.equal(dead.messageId, receipt.messageId);
      assert.equal(dead.group, GROUP);
      assert.equal(dead.originTopic, TOPIC);
      assert.equal(dead.originQueueId, receipt.queueId);
      assert.equal(dead.originQueueOffset, receipt.queueOffset);
      assert.match(dead.reason, /no such customer/);
      assert.ok(dead.deadLetteredAtMs >= dead.message.storedAtMs);
      assert.equal(dead.message.text(), 'order');
      assert.equal(dead.message.tag, 'paid');
      assert.deepEqual(dead.message.keys, ['order-1']);
    },
    'a dead letter of a deleted topic keeps its origin, and stays while the others are redriven': async (scene) => {
      await scene.admin.createGroup(GROUP, { ...NO_WAIT, maxAttempts: 1 });
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: '*', other: '*' } });
      for (const topic of [TOPIC, 'other']) {
        await scene.send({ topic, body: topic });
        await consumer.forwardToDeadLetter(await scene.receiveOne(consumer));
      }
      await scene.admin.deleteTopic(TOPIC);
      await scene.admin.createTopic(TOPIC);
      await scene.send({ topic: TOPIC, body: 'another one at its place' });
      await consumer.ack(await scene.receiveOne(consumer));
      const error = await refuses('MQ_TOPIC_NOT_FOUND', () => scene.admin.redriveDeadLetters(GROUP));
      assert.match(error.message, /one other was redriven/);
      assert.equal((await scene.receiveOne(consumer)).text(), 'other');
      const [dead] = await deadLetters(scene, 1);
      assert.deepEqual([dead?.originTopic, dead?.message.topic, dead?.message.text()], [TOPIC, TOPIC, TOPIC]);
      assert.deepEqual(await scene.admin.redriveDeadLetters(GROUP, { to: TOPIC }), { redriven: 1 });
      assert.equal((await scene.receiveOne(consumer)).text(), TOPIC);
    },
    'a dead letter belongs to one group; another one still gets the message': async (scene) => {
      await bury(scene, ['a']);
      const message = await scene.receiveOne(await scene.simple({ group: 'other' }));
      assert.equal(message.deliveryAttempt, 1);
    },
    'forwardToDeadLetter gives up at once, with a reason': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await consumer.forwardToDeadLetter(await scene.receiveOne(consumer), 'not for us');
      const [dead] = await deadLetters(scene, 1);
      assert.equal(dead?.reason, 'not for us');
      assert.equal(dead?.attempts, 1);
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
    },
    'a forwarded message is settled: its handle answers success again': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      await Promise.all([consumer.forwardToDeadLetter(message), consumer.forwardToDeadLetter(message)]);
      await consumer.forwardToDeadLetter({ ...message });
      await consumer.ack(message);
      assert.equal((await deadLetters(scene, 1)).length, 1);
    },
    'the handle of a listed dead letter cannot be acknowledged': async (scene) => {
      const [dead] = await bury(scene, ['a']);
      assert.ok(dead);
      const consumer = await scene.simple();
      await refuses('MQ_INVALID_RECEIPT_HANDLE', () => consumer.ack(dead.message));
    },
    'dead letters come in pages, each once': async (scene) => {
      await bury(scene, ['a', 'b', 'c', 'd', 'e']);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await scene.admin.listDeadLetters(GROUP, { limit: 2, cursor });
        assert.ok(page.items.length <= 2);
        seen.push(...page.items.map(({ message }) => message.text()));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(seen.sort(), ['a', 'b', 'c', 'd', 'e']);
    },
    'redriving delivers to that group alone, same id, from attempt 1, and empties the list': async (scene) => {
      const [dead] = await bury(scene, ['a']);
      const other = await scene.simple({ group: 'other' });
      await other.ack(await scene.receiveOne(other));
      assert.deepEqual(await scene.admin.redriveDeadLetters(GROUP), { redriven: 1 });
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      assert.equal(message.messageId, dead?.messageId);
      assert.equal(message.deliveryAttempt, 1);
      assert.equal(message.text(), 'a');
      await consumer.ack(message);
      await scene.receiveNothing(consumer);
      await scene.receiveNothing(other);
    },
    'redriving wakes an open consumer': async (scene) => {
      await bury(scene, ['a']);
      const consumer = await scene.simple();
      const receiving = consumer.receive({ awaitDurationMs: 10_000 });
      await scene.settle();
      await scene.admin.redriveDeadLetters(GROUP);
      assert.equal((await receiving).length, 1);
    },
    'a redriven message can die again, after its attempts anew': async (scene) => {
      await bury(scene, ['a']);
      await scene.admin.redriveDeadLetters(GROUP);
      const attempts: number[] = [];
      await scene.push({
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return 'failure';
        },
      });
      const [dead] = await deadLetters(scene, 1);
      assert.deepEqual(attempts, [1, 2]);
      assert.equal(dead?.attempts, 2);
    },
    'redriving by id takes those alone': async (scene) => {
      const dead = await bury(scene, ['a', 'b', 'c']);
      const chosen = dead.find(({ message }) => message.text() === 'b');
      assert.ok(chosen);
      assert.deepEqual(await scene.admin.redriveDeadLetters(GROUP, { messageIds: [chosen.messageId] }), { redriven: 1 });
      assert.deepEqual(sortedTexts((await scene.admin.listDeadLetters(GROUP)).items.map(({ message }) => message)), ['a', 'c']);
      assert.equal((await scene.receiveOne(await scene.simple())).text(), 'b');
    },
    'redriving an id that is no dead letter is MQ_MESSAGE_NOT_FOUND': async (scene) => {
      await bury(scene, ['a']);
      await refuses('MQ_MESSAGE_NOT_FOUND', () => scene.admin.redriveDeadLetters(GROUP, { messageIds: [`01${'0'.repeat(32)}`] }));
      assert.equal((await scene.admin.listDeadLetters(GROUP)).items.length, 1);
    },
    'two redrives at the same time deliver each message once': async (scene) => {
      await bury(scene, ['a', 'b', 'c']);
      await Promise.all([scene.admin.redriveDeadLetters(GROUP), scene.admin.redriveDeadLetters(GROUP)]);
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      const consumer = await scene.simple();
      const messages = await scene.receive(consumer, 3);
      await consumer.ack(messages);
      await scene.receiveNothing(consumer);
    },
    'two redrives to a topic at the same time send each message once': async (scene) => {
      await bury(scene, ['a', 'b', 'c']);
      const to = { to: 'hospital' };
      const results = await Promise.all([scene.admin.redriveDeadLetters(GROUP, to), scene.admin.redriveDeadLetters(GROUP, to)]);
      assert.equal(
        results.reduce((sum, { redriven }) => sum + redriven, 0),
        3,
      );
      const consumer = await scene.simple({ subscriptions: { hospital: '*' } });
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 3)), ['a', 'b', 'c']);
      await scene.receiveNothing(consumer);
    },
    'redriving to a topic sends there, for all its groups': async (scene) => {
      await bury(scene, ['a', 'b']);
      assert.deepEqual(await scene.admin.redriveDeadLetters(GROUP, { to: 'hospital' }), { redriven: 2 });
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      for (const group of ['doctor', 'nurse']) {
        const consumer = await scene.simple({ group, subscriptions: { hospital: '*' } });
        const messages = await scene.receive(consumer, 2);
        assert.deepEqual(sortedTexts(messages), ['a', 'b']);
        assert.ok(messages.every(({ deliveryAttempt }) => deliveryAttempt === 1));
      }
      await scene.receiveNothing(await scene.simple());
    },
    'purging removes all dead letters of the group': async (scene) => {
      await bury(scene, ['a', 'b']);
      assert.deepEqual(await scene.admin.purgeDeadLetters(GROUP), { purged: 2 });
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      assert.deepEqual(await scene.admin.redriveDeadLetters(GROUP), { redriven: 0 });
      await scene.receiveNothing(await scene.simple());
    },
    'an unknown group is MQ_CONSUMER_GROUP_NOT_FOUND': async (scene) => {
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => scene.admin.listDeadLetters('nobody'));
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => scene.admin.redriveDeadLetters('nobody'));
      await refuses('MQ_CONSUMER_GROUP_NOT_FOUND', () => scene.admin.purgeDeadLetters('nobody'));
    },
    'filters, rates and retention of dead letters are not built yet': async (scene) => {
      await scene.admin.createGroup(GROUP);
      await refuses('MQ_NOT_SUPPORTED', () => scene.admin.redriveDeadLetters(GROUP, wrongly({ filter: 'a' })));
      await refuses('MQ_NOT_SUPPORTED', () => scene.admin.redriveDeadLetters(GROUP, wrongly({ maxPerSecond: 1 })));
      await refuses('MQ_NOT_SUPPORTED', () => scene.admin.updateGroup(GROUP, wrongly({ deadLetterRetentionMs: 1 })));
    },
  },
};
