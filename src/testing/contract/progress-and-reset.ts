import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC } from './scene.ts';

async function lagOf(scene: Scene): Promise<number> {
  return (await scene.admin.getGroupProgress(GROUP)).reduce((sum, { lag }) => sum + lag, 0);
}

export const progressAndReset: ContractTheme = {
  name: 'progress, resets and figures',
  tests: {
    'progress counts what is not settled, in flight, and waiting': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e']);
      const consumer = await scene.simple();
      assert.equal(await lagOf(scene), 5);
      const messages = await scene.receive(consumer, 3, { maxMessages: 3 });
      const inflight = (await scene.admin.getGroupProgress(GROUP)).reduce((sum, progress) => sum + progress.inflight, 0);
      assert.equal(inflight, 3);
      assert.equal(await lagOf(scene), 5);
      await consumer.ack(messages);
      assert.equal(await lagOf(scene), 2);
    },
    'a reset to the earliest delivers everything again, as a first attempt': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c']);
      const consumer = await scene.simple();
      await consumer.ack(await scene.receive(consumer, 3));
      const dry = await scene.admin.resetOffset(GROUP, { topic: TOPIC, to: 'earliest', dryRun: true });
      assert.equal(dry.length, 4);
      await scene.receiveNothing(consumer);
      await scene.admin.resetOffset(GROUP, { topic: TOPIC, to: 'earliest' });
      const again = await scene.receive(consumer, 3);
      assert.ok(again.every(({ deliveryAttempt }) => deliveryAttempt === 1));
    },
    'a reset to the latest skips what is there, and revokes what is in flight': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      const consumer = await scene.simple();
      const [message] = await scene.receive(consumer, 1, { maxMessages: 1 });
      assert.ok(message);
      await scene.admin.resetOffset(GROUP, { topic: TOPIC, to: 'latest' });
      assert.equal(await lagOf(scene), 0);
      await scene.receiveNothing(consumer);
      await scene.send({ body: 'e' });
      assert.equal((await scene.receiveOne(consumer)).text(), 'e');
    },
    'a reset to an offset needs a queue and an offset that exists': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      await scene.sendTexts(['a', 'b', 'c']);
      const consumer = await scene.simple();
      await consumer.ack(await scene.receive(consumer, 3));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.resetOffset(GROUP, { topic: TOPIC, to: { offset: 1 } }));
      for (const offset of [-1, 4, 0.5, Number.NaN]) {
        await refuses('MQ_ILLEGAL_OFFSET', () => scene.admin.resetOffset(GROUP, { topic: TOPIC, queueId: 0, to: { offset } }));
      }
      await refuses('MQ_TOPIC_NOT_FOUND', () => scene.admin.resetOffset(GROUP, { topic: 'nothing', to: 'earliest' }));
      assert.deepEqual(await scene.admin.resetOffset(GROUP, { topic: TOPIC, queueId: 0, to: { offset: 1 } }), [
        { topic: TOPIC, queueId: 0, from: 3, to: 1 },
      ]);
      assert.deepEqual((await scene.receive(consumer, 2)).map((message) => message.text()).sort(), ['b', 'c']);
    },
    'the figures count': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 1 });
      const before = await scene.admin.stats();
      await scene.sendTexts(['a', 'b']);
      const consumer = await scene.simple();
      const [first, second] = await scene.receive(consumer, 2);
      assert.ok(first && second);
      await consumer.ack(first);
      await consumer.forwardToDeadLetter(second);
      const after = await scene.admin.stats();
      assert.equal(after.state, 'open');
      assert.equal(after.sent - before.sent, 2);
      assert.equal(after.delivered - before.delivered, 2);
      assert.equal(after.acked - before.acked, 1);
      assert.equal(after.deadLettered - before.deadLettered, 1);
      assert.equal(after.unsettled, 0);
    },
  },
};
