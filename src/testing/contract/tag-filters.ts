import assert from 'node:assert/strict';
import type { Subscription } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, type Scene, sortedTexts, TOPIC, wrongly } from './scene.ts';

/** Who gets which of the messages a (tag a), b (tag b), ab (tag 'a b'), none (no tag). */
const expressions: Readonly<Record<string, readonly string[]>> = {
  '*': ['a', 'ab', 'b', 'none'],
  '': ['a', 'ab', 'b', 'none'],
  a: ['a'],
  'a || b': ['a', 'b'],
  'a||b': ['a', 'b'],
  ' b ||  a ': ['a', 'b'],
  'a || a': ['a'],
  'a b': ['ab'],
  'a ||': ['a'],
  A: [],
  unknown: [],
};

async function sendTagged(scene: Scene): Promise<void> {
  await scene.send({ body: 'a', tag: 'a' });
  await scene.send({ body: 'b', tag: 'b' });
  await scene.send({ body: 'ab', tag: 'a b' });
  await scene.send({ body: 'none' });
}

export const tagFilters: ContractTheme = {
  name: 'tag filters',
  tests: {
    ...Object.fromEntries(
      Object.entries(expressions).map(([expression, expected]) => [
        `${JSON.stringify(expression)} selects ${expected.join(', ') || 'nothing'}`,
        async (scene: Scene) => {
          await sendTagged(scene);
          const consumer = await scene.simple({ subscriptions: { [TOPIC]: expression } });
          assert.deepEqual(sortedTexts(await scene.receive(consumer, expected.length)), expected);
          await scene.receiveNothing(consumer);
        },
      ]),
    ),
    'an object with a tag means the same': async (scene) => {
      await sendTagged(scene);
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: { tag: 'a || b' } } });
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['a', 'b']);
    },
    'tags with the same hash are told apart': async (scene) => {
      // Java's String.hashCode is the same for both.
      await scene.send({ body: 'wanted', tag: 'Aa' });
      await scene.send({ body: 'unwanted', tag: 'BB' });
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'Aa' } });
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 1)), ['wanted']);
      await scene.receiveNothing(consumer);
    },
    'a filtered message does not block those behind it': async (scene) => {
      await scene.producer.sendBatch(
        Array.from({ length: 200 }, (_, i) => ({ topic: TOPIC, body: `${i}`, tag: i % 50 === 49 ? 'rare' : 'common' })),
      );
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'rare' } });
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 4)), ['149', '199', '49', '99']);
    },
    'a filtered message does not block its message group': async (scene) => {
      await scene.send({ body: 'unwanted', tag: 'b', messageGroup: 'g' });
      await scene.send({ body: 'wanted', tag: 'a', messageGroup: 'g' });
      await scene.send({ body: 'twin', tag: 'BB', messageGroup: 'h' });
      await scene.send({ body: 'behind the twin', tag: 'Aa', messageGroup: 'h' });
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'a || Aa' } });
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['behind the twin', 'wanted']);
    },
    'filtered messages are settled: they leave no lag': async (scene) => {
      await sendTagged(scene);
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await consumer.ack(await scene.receive(consumer, 1));
      await scene.receiveNothing(consumer);
      await scene.eventually(
        async () => (await scene.admin.getGroupProgress('contract-group')).every(({ lag }) => lag === 0),
        'the lag to be gone',
      );
    },
    'a filtered message stays filtered when the expression changes later': async (scene) => {
      await sendTagged(scene);
      const first = await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await first.ack(await scene.receive(first, 1));
      await scene.receiveNothing(first);
      await first.close();
      const second = await scene.simple();
      await scene.receiveNothing(second);
    },
    'a wrong expression is MQ_ILLEGAL_FILTER_EXPRESSION': async (scene) => {
      for (const expression of ['a | b', '||', 'a || *', 'a\nb || c', 't'.repeat(16_385)]) {
        await refuses('MQ_ILLEGAL_FILTER_EXPRESSION', () => scene.simple({ subscriptions: { [TOPIC]: expression } }));
      }
    },
    'what is no expression is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      for (const expression of [null, 7, {}, ['a'], { tag: 7 }, { tags: 'a' }]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.simple({ subscriptions: { [TOPIC]: wrongly<Subscription>(expression) } }));
      }
    },
  },
};
