import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, type Scene, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

const WINDOW_MS = 300_000;

async function all(scene: Scene): Promise<string[]> {
  const consumer = await scene.simple();
  await scene.settle();
  return sortedTexts(await consumer.receive({ maxMessages: 100, awaitDurationMs: 0 }));
}

export const deduplication: ContractTheme = {
  name: 'deduplication',
  tests: {
    'a message with the key of an earlier one is not stored, and gets its receipt': async (scene) => {
      const first = await scene.send({ body: 'first', dedupKey: 'k' });
      const second = await scene.send({ body: 'second', dedupKey: 'k' });
      assert.deepEqual(second, { ...first, duplicate: true });
      assert.equal(first.duplicate, undefined);
      assert.deepEqual(await all(scene), ['first']);
    },
    'other keys, other topics and messages without a key are others': async (scene) => {
      for (const dedupKey of ['k', 'l', undefined, undefined]) await scene.send({ body: `${dedupKey}`, dedupKey });
      const elsewhere = await scene.send({ topic: 'other-topic', dedupKey: 'k' });
      assert.equal(elsewhere.duplicate, undefined);
      assert.deepEqual(await all(scene), ['k', 'l', 'undefined', 'undefined']);
    },
    'sends of one key that are under way together store one message': async (scene) => {
      const receipts = await Promise.all(Array.from({ length: 5 }, (_, i) => scene.send({ body: `${i}`, dedupKey: 'k' })));
      assert.equal(new Set(receipts.map(({ messageId }) => messageId)).size, 1);
      assert.equal(receipts.filter(({ duplicate }) => duplicate === true).length, 4);
      assert.equal((await all(scene)).length, 1);
    },
    'a batch stores what is new, and answers for all in order': async (scene) => {
      await scene.send({ body: 'known', dedupKey: 'a' });
      const receipts = await scene.producer.sendBatch([
        { topic: TOPIC, body: 'again', dedupKey: 'a' },
        { topic: TOPIC, body: 'new', dedupKey: 'b' },
        { topic: TOPIC, body: 'plain' },
        { topic: TOPIC, body: 'twice', dedupKey: 'b' },
      ]);
      assert.deepEqual(
        receipts.map(({ duplicate }) => duplicate === true),
        [true, false, false, true],
      );
      assert.equal(receipts[3]?.messageId, receipts[1]?.messageId);
      assert.deepEqual(await all(scene), ['known', 'new', 'plain']);
    },
    'a key is free when its window is over': async (scene) => {
      await scene.admin.createTopic(TOPIC, { dedupWindowMs: 2_000 });
      await scene.send({ body: 'first', dedupKey: 'k' });
      await scene.pass(1_999);
      assert.equal((await scene.send({ body: 'early', dedupKey: 'k' })).duplicate, true);
      await scene.pass(1);
      assert.equal((await scene.send({ body: 'late', dedupKey: 'k' })).duplicate, undefined);
      assert.deepEqual(await all(scene), ['first', 'late']);
    },
    'the window is five minutes where the topic does not say it': async (scene) => {
      await scene.send({ body: 'first', dedupKey: 'k' });
      assert.equal((await scene.admin.getTopic(TOPIC))?.dedupWindowMs, WINDOW_MS);
    },
    'a delay message keeps its key, and frees it when it is recalled': async (scene) => {
      const first = await scene.send({ body: 'a', delayMs: 60_000, dedupKey: 'k' });
      const second = await scene.send({ body: 'b', delayMs: 60_000, dedupKey: 'k' });
      // A producer that died before it wrote the handle down sends again, and has it.
      assert.deepEqual(second, { ...first, duplicate: true });
      await scene.producer.recall(TOPIC, second.recallHandle ?? '');
      assert.equal((await scene.send({ body: 'c', dedupKey: 'k' })).duplicate, undefined);
      assert.deepEqual(await all(scene), ['c']);
    },
    'a message of a transaction keeps its key, and frees it with a rollback': async (scene) => {
      const transaction = scene.producer.beginTransaction();
      await transaction.send({ topic: TOPIC, body: 'half', dedupKey: 'k' });
      assert.equal((await scene.send({ body: 'meanwhile', dedupKey: 'k' })).duplicate, true);
      await transaction.rollback();
      assert.equal((await scene.send({ body: 'afterwards', dedupKey: 'k' })).duplicate, undefined);
      assert.deepEqual(await all(scene), ['afterwards']);
    },
    'an atomic unit skips duplicates and does the rest': async (scene) => {
      await scene.send({ body: 'known', dedupKey: 'k' });
      await scene.broker.atomic((unit) => {
        unit.send({ topic: TOPIC, body: 'again', dedupKey: 'k' });
        unit.send({ topic: TOPIC, body: 'new', dedupKey: 'l' });
        unit.put('key', 'value');
      });
      assert.notEqual(await scene.broker.store.get('key'), undefined);
      assert.deepEqual(await all(scene), ['known', 'new']);
    },
    'a topic that was deleted has forgotten its keys': async (scene) => {
      await scene.send({ dedupKey: 'k' });
      await scene.admin.deleteTopic(TOPIC);
      assert.equal((await scene.send({ dedupKey: 'k' })).duplicate, undefined);
    },
    'a dedup key is a text that is not blank': async (scene) => {
      for (const dedupKey of ['', ' ', 'a\nb', 'x'.repeat(1025)]) await refuses('MQ_ILLEGAL_MESSAGE_KEY', () => scene.send({ dedupKey }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.send({ dedupKey: wrongly(5) }));
      assert.deepEqual(texts(await (await scene.simple()).receive({ awaitDurationMs: 0 })), []);
    },
  },
};
