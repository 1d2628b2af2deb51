import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, sortedTexts, TOPIC, texts } from './scene.ts';

export const startPositions: ContractTheme = {
  name: 'start positions',
  tests: {
    'a new group starts with the earliest message': async (scene) => {
      await scene.sendTexts(['a', 'b']);
      assert.deepEqual(sortedTexts(await scene.receive(await scene.simple(), 2)), ['a', 'b']);
    },
    "'latest' starts with what is stored after the subscription": async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e']);
      const consumer = await scene.simple({ startFrom: 'latest' });
      await scene.receiveNothing(consumer);
      await scene.sendTexts(['f', 'g']);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['f', 'g']);
    },
    'an instant in the past starts with what was stored from then on': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e']);
      await scene.pass(1_000);
      await scene.sendTexts(['f', 'g', 'h', 'i', 'j']);
      const probe = await scene.receive(await scene.simple({ group: 'probe' }), 10);
      const atMs = Math.min(...probe.filter((message) => message.text() >= 'f').map(({ storedAtMs }) => storedAtMs));
      const consumer = await scene.simple({ startFrom: { atMs } });
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 5)), ['f', 'g', 'h', 'i', 'j']);
      await scene.receiveNothing(consumer);
    },
    'an instant in the future waits for what is stored from then on': async (scene) => {
      const { messageId } = await scene.send({ body: 'a' });
      const probe = await scene.receiveOne(await scene.simple({ group: 'probe' }));
      assert.equal(probe.messageId, messageId);
      const consumer = await scene.simple({ startFrom: { atMs: probe.storedAtMs + 5_000 } });
      await scene.sendTexts(['b', 'c', 'd', 'e']);
      await scene.receiveNothing(consumer);
      await scene.pass(5_000);
      await scene.sendTexts(['f', 'g', 'h', 'i']);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 4)), ['f', 'g', 'h', 'i']);
    },
    'the start is chosen once: a later consumer goes on where the group is': async (scene) => {
      await scene.sendTexts(['a']);
      const first = await scene.simple({ startFrom: 'latest' });
      await first.close();
      await scene.sendTexts(['b']);
      const second = await scene.simple({ startFrom: 'earliest' });
      assert.deepEqual(texts(await scene.receive(second, 1)), ['b']);
      await scene.receiveNothing(second);
    },
    'the start of the group holds where the consumer names none': async (scene) => {
      await scene.admin.createGroup(GROUP, { startFrom: 'latest' });
      await scene.sendTexts(['a']);
      const consumer = await scene.simple();
      await scene.receiveNothing(consumer);
      await scene.sendTexts(['b']);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['b']);
    },
    'the start of the consumer wins over that of the group': async (scene) => {
      await scene.admin.createGroup(GROUP, { startFrom: 'latest' });
      await scene.sendTexts(['a']);
      assert.deepEqual(texts(await scene.receive(await scene.simple({ startFrom: 'earliest' }), 1)), ['a']);
    },
    'a push consumer has a start too': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      const seen: string[] = [];
      await scene.push({ startFrom: 'latest', listener: (message) => void seen.push(message.text()) });
      await scene.sendTexts(['e']);
      await scene.eventually(() => seen.length === 1, 'one call');
      await scene.settle();
      assert.deepEqual(seen, ['e']);
    },
    'a group keeps its position while it has no consumers': async (scene) => {
      await scene.sendTexts(['a']);
      const first = await scene.simple();
      await first.ack(await scene.receiveOne(first));
      await first.close();
      await scene.sendTexts(['b']);
      const second = await scene.simple();
      assert.deepEqual(texts(await scene.receive(second, 1)), ['b']);
      await scene.receiveNothing(second);
    },
    'queues that are added later are read from their beginning': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      const consumer = await scene.simple({ startFrom: 'latest' });
      await scene.admin.updateTopic(TOPIC, { queueCount: 8 });
      const bodies = ['e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
      await scene.sendTexts(bodies);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 8)), bodies);
    },
    'a topic that appears after its subscription is read from its beginning': async (scene) => {
      const consumer = await scene.simple({ startFrom: 'latest' });
      await scene.sendTexts(['a', 'b']);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['a', 'b']);
    },
  },
};
