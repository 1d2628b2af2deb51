import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC, texts, wrongly } from './scene.ts';

async function waiting(scene: Scene): Promise<string[]> {
  return (await scene.admin.listDelayed(TOPIC)).items.map(({ message }) => message.text());
}

export const delayMessages: ContractTheme = {
  name: 'delay messages',
  tests: {
    'a delay message is delivered when its time has come, and not before': async (scene) => {
      const consumer = await scene.simple();
      const receipt = await scene.send({ body: 'later', delayMs: 2_000 });
      assert.deepEqual([receipt.queueId, receipt.queueOffset], [-1, -1]);
      await scene.receiveNothing(consumer);
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
      await scene.pass(1_000);
      const message = await scene.receiveOne(consumer);
      assert.equal(message.messageId, receipt.messageId);
      assert.ok(message.queueId >= 0 && message.queueOffset === 0 && message.deliverAtMs !== undefined);
      assert.ok(message.storedAtMs >= message.deliverAtMs, 'it is stored in its queue when it is due');
      await consumer.ack(message);
      await scene.receiveNothing(consumer);
    },
    'an instant is waited for to the millisecond': async (scene) => {
      const consumer = await scene.simple();
      const { bornAtMs } = await bornNow(scene, consumer);
      await scene.send({ body: 'then', deliverAtMs: bornAtMs + 1_500 });
      await scene.pass(1_499);
      await scene.pass(1);
      assert.equal((await scene.receiveOne(consumer)).deliverAtMs, bornAtMs + 1_500);
    },
    'no delay, and an instant that has passed, deliver at once': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'a', delayMs: 0 });
      await scene.send({ body: 'b', deliverAtMs: 5 });
      assert.deepEqual(texts(await scene.receive(consumer, 2)).sort(), ['a', 'b']);
    },
    'a delay level is one of the eighteen of RocketMQ': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'level 1', delayLevel: 1 });
      await scene.receiveNothing(consumer);
      await scene.pass(1_000);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['level 1']);
      for (const delayLevel of [0, 19, 1.5]) await refuses('MQ_ILLEGAL_DELIVERY_TIME', () => scene.send({ delayLevel }));
    },
    'messages come in the order of their times, whatever the order of their sends': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      const consumer = await scene.simple();
      for (const delayMs of [900, 300, 600]) await scene.send({ body: `${delayMs}`, delayMs });
      await scene.pass(1_000);
      assert.deepEqual(texts(await scene.receive(consumer, 3)), ['300', '600', '900']);
    },
    'a batch mixes messages that wait and messages that do not': async (scene) => {
      const consumer = await scene.simple();
      const receipts = await scene.producer.sendBatch([
        { topic: TOPIC, body: 'now' },
        { topic: TOPIC, body: 'later', delayMs: 1_000, messageGroup: 'g' },
      ]);
      assert.deepEqual(
        receipts.map(({ queueOffset, recallHandle }) => [queueOffset >= 0, recallHandle !== undefined]),
        [
          [true, false],
          [false, true],
        ],
      );
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['now']);
      await scene.pass(1_000);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['later']);
    },
    'each group gets it, tags and failures work as for others': async (scene) => {
      const tagged = await scene.simple({ group: 'tagged', subscriptions: { [TOPIC]: 'wanted' }, invisibleDurationMs: 1_000 });
      const all = await scene.simple({ group: 'all' });
      await scene.send({ body: 'x', tag: 'wanted', delayMs: 500, keys: ['k'], properties: { p: 'v' } });
      await scene.send({ body: 'y', tag: 'other', delayMs: 500 });
      await scene.pass(500);
      assert.equal((await scene.receive(all, 2)).length, 2);
      const first = await scene.receiveOne(tagged);
      assert.deepEqual([first.text(), first.tag, first.keys, first.properties['p'], first.deliveryAttempt], ['x', 'wanted', ['k'], 'v', 1]);
      await scene.pass(1_000);
      assert.equal((await scene.receiveOne(tagged)).deliveryAttempt, 2);
    },
    'a dead letter of a delay message can be listed and redriven': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'bad', delayMs: 100 });
      await scene.pass(100);
      await consumer.forwardToDeadLetter(await scene.receiveOne(consumer));
      assert.deepEqual(
        (await scene.admin.listDeadLetters(GROUP)).items.map(({ message }) => message.text()),
        ['bad'],
      );
      await scene.admin.redriveDeadLetters(GROUP);
      assert.equal((await scene.receiveOne(consumer)).text(), 'bad');
    },
    'a time to live begins when the message is due': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'brief', delayMs: 2_000, ttlMs: 1_000 });
      await scene.pass(2_500);
      assert.equal((await scene.receiveOne(consumer)).text(), 'brief');
    },
    'a topic of the type delay takes nothing else': async (scene) => {
      await scene.admin.createTopic(TOPIC, { type: 'delay' });
      await scene.send({ delayMs: 5 });
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () => scene.send());
    },
    'waiting messages are listed by their time, in pages, and counted': async (scene) => {
      for (const delayMs of [3_000, 1_000, 2_000]) await scene.send({ body: `${delayMs}`, delayMs });
      await scene.send({ topic: 'other-topic', delayMs: 1_500 });
      assert.deepEqual(await waiting(scene), ['1000', '2000', '3000']);
      const first = await scene.admin.listDelayed(TOPIC, { limit: 2 });
      assert.deepEqual(
        first.items.map(({ message }) => message.text()),
        ['1000', '2000'],
      );
      const second = await scene.admin.listDelayed(TOPIC, { limit: 2, cursor: first.nextCursor });
      assert.deepEqual([second.items.map(({ message }) => message.text()), second.nextCursor], [['3000'], undefined]);
      assert.equal((await scene.admin.getTopic(TOPIC))?.delayed, 3);
      assert.equal((await scene.admin.stats()).delayed, 4);
      await scene.pass(2_000);
      // On a disk, what has come due is written in real time.
      await scene.eventually(async () => (await waiting(scene)).length === 1, 'the due messages');
      assert.deepEqual(await waiting(scene), ['3000']);
      assert.equal((await scene.admin.getTopic(TOPIC))?.delayed, 1);
      await refuses('MQ_TOPIC_NOT_FOUND', () => scene.admin.listDelayed('nowhere'));
    },
    'a deleted topic takes its waiting messages with it': async (scene) => {
      await scene.send({ delayMs: 1_000 });
      await scene.admin.deleteTopic(TOPIC);
      assert.equal((await scene.admin.stats()).delayed, 0);
      const consumer = await scene.simple();
      await scene.pass(2_000);
      await scene.receiveNothing(consumer);
    },
    'a delivery time has its limits': async (scene) => {
      const tooFar = 40 * 24 * 3_600_000 + 1;
      for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, tooFar])
        await refuses('MQ_ILLEGAL_DELIVERY_TIME', () => scene.send({ delayMs }));
      await refuses('MQ_ILLEGAL_DELIVERY_TIME', () => scene.send({ deliverAtMs: Number.MAX_SAFE_INTEGER }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.send({ delayMs: 1, deliverAtMs: 1 }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.send({ delayMs: wrongly('5') }));
      await scene.send({ delayMs: tooFar - 1 });
    },
    'a recalled message is delivered to nobody': async (scene) => {
      const consumer = await scene.simple();
      const { messageId, recallHandle = '' } = await scene.send({ body: 'wrong', delayMs: 1_000 });
      assert.deepEqual(await scene.producer.recall(TOPIC, recallHandle), { messageId });
      assert.deepEqual(await waiting(scene), []);
      await scene.pass(2_000);
      await scene.receiveNothing(consumer);
      assert.equal((await scene.admin.stats()).recalled, 1);
    },
    'a recall is answered honestly: too late when it is due, delivered or recalled': async (scene) => {
      const consumer = await scene.simple();
      const { recallHandle = '' } = await scene.send({ delayMs: 1_000 });
      await scene.pass(1_000);
      await scene.receiveOne(consumer);
      await refuses('MQ_RECALL_TOO_LATE', () => scene.producer.recall(TOPIC, recallHandle));
      const twice = await scene.send({ delayMs: 1_000 });
      const outcomes = await Promise.allSettled([
        scene.producer.recall(TOPIC, twice.recallHandle ?? ''),
        scene.producer.recall(TOPIC, twice.recallHandle ?? ''),
      ]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    },
    'a listed message can be recalled by its handle': async (scene) => {
      await scene.send({ delayMs: 1_000 });
      const [item] = (await scene.admin.listDelayed(TOPIC)).items;
      assert.ok(item);
      assert.deepEqual(await scene.producer.recall(TOPIC, item.recallHandle), { messageId: item.messageId });
    },
    'a handle that is made up, cut, or of another topic is refused': async (scene) => {
      const { recallHandle = '' } = await scene.send({ delayMs: 1_000 });
      await scene.send({ topic: 'other-topic' });
      const flipped = Array.from(recallHandle, (character, at) => {
        return `${recallHandle.slice(0, at)}${character === 'A' ? 'B' : 'A'}${recallHandle.slice(at + 1)}`;
      });
      // The bits of the last character that no byte has do not count.
      flipped.pop();
      await scene.send({ body: 'received' });
      const { receiptHandle } = await scene.receiveOne(await scene.simple());
      for (const handle of [
        'made-up',
        '',
        recallHandle.slice(1),
        `${recallHandle}A`,
        'ä'.repeat(50),
        'A'.repeat(5_000),
        receiptHandle,
        ...flipped,
      ])
        await refuses('MQ_INVALID_RECALL_HANDLE', () => scene.producer.recall(TOPIC, handle));
      for (const handle of [null, 5, {}, [recallHandle]])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.recall(TOPIC, wrongly(handle)));
      await refuses('MQ_INVALID_RECALL_HANDLE', () => scene.producer.recall('other-topic', recallHandle));
      await refuses('MQ_TOPIC_NOT_FOUND', () => scene.producer.recall('nowhere', recallHandle));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.recall(TOPIC, wrongly(undefined)));
      assert.equal((await waiting(scene)).length, 1);
    },
    'a topic that is created again has nothing of what waited before, whose handles are refused': async (scene) => {
      const old = await scene.send({ body: 'old', delayMs: 1_000 });
      await scene.admin.deleteTopic(TOPIC);
      await refuses('MQ_TOPIC_NOT_FOUND', () => scene.producer.recall(TOPIC, old.recallHandle ?? ''));
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      assert.deepEqual(await waiting(scene), []);
      await refuses('MQ_INVALID_RECALL_HANDLE', () => scene.producer.recall(TOPIC, old.recallHandle ?? ''));
      const consumer = await scene.simple();
      await scene.send({ body: 'new', delayMs: 1_000 });
      await scene.send({ body: 'later', delayMs: 100_000 });
      assert.deepEqual(await waiting(scene), ['new', 'later']);
      assert.equal((await scene.admin.getTopic(TOPIC))?.delayed, 2);
      await scene.pass(2_000);
      assert.equal((await scene.receiveOne(consumer)).text(), 'new');
      await scene.receiveNothing(consumer);
      assert.equal((await scene.admin.getTopic(TOPIC))?.delayed, 1);
      assert.equal((await scene.admin.stats()).delayed, 1);
    },
  },
};

/** A message that tells what time it is. */
async function bornNow(scene: Scene, consumer: Awaited<ReturnType<Scene['simple']>>): Promise<{ bornAtMs: number }> {
  await scene.send({ body: 'what time is it' });
  const message = await scene.receiveOne(consumer);
  await consumer.ack(message);
  return message;
}
