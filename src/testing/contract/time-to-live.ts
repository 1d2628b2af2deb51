import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, TOPIC, texts, wrongly } from './scene.ts';

export const timeToLive: ContractTheme = {
  name: 'time to live',
  tests: {
    'a message is delivered until its time to live is over, and not afterwards': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'first', ttlMs: 1_000 });
      await scene.send({ body: 'second', ttlMs: 3_000 });
      await scene.pass(999);
      await scene.send({ body: 'third' });
      await scene.pass(1);
      assert.deepEqual(texts(await scene.receive(consumer, 2)).sort(), ['second', 'third']);
    },
    'an expired message is settled for its group: no lag, no dead letter': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ ttlMs: 500 });
      await scene.pass(500);
      await scene.receiveNothing(consumer);
      await scene.settle();
      const progress = await scene.admin.getGroupProgress(GROUP);
      assert.equal(
        progress.reduce((lag, queue) => lag + queue.lag, 0),
        0,
      );
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      assert.equal((await scene.admin.stats()).expired, 1);
    },
    'the time to live of the topic counts where the message has none': async (scene) => {
      await scene.admin.createTopic(TOPIC, { ttlMs: 1_000 });
      assert.equal((await scene.admin.getTopic(TOPIC))?.ttlMs, 1_000);
      const consumer = await scene.simple();
      await scene.send({ body: 'short' });
      await scene.send({ body: 'long', ttlMs: 5_000 });
      await scene.pass(1_000);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['long']);
      await scene.receiveNothing(consumer);
    },
    'a valid lease outlives the time to live, a redelivery does not': async (scene) => {
      const consumer = await scene.simple({ invisibleDurationMs: 2_000 });
      await scene.send({ body: 'held', ttlMs: 1_000 });
      await scene.send({ body: 'given up', ttlMs: 1_000 });
      const messages = await scene.receive(consumer, 2);
      await scene.pass(1_500);
      await consumer.ack(messages.filter((message) => message.text() === 'held'));
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
    },
    'an expired message lets the next one of its message group go': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'old', messageGroup: 'g', ttlMs: 1_000 });
      await scene.send({ body: 'next', messageGroup: 'g' });
      await scene.pass(1_000);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['next']);
    },
    'one group may have had what another one missed': async (scene) => {
      const early = await scene.simple({ group: 'early' });
      const late = await scene.simple({ group: 'late' });
      await scene.send({ ttlMs: 1_000 });
      await scene.receiveOne(early);
      await scene.pass(1_000);
      await scene.receiveNothing(late);
    },
    'a dead letter that is redriven is delivered, however old it is': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'bad', ttlMs: 1_000 });
      await consumer.forwardToDeadLetter(await scene.receiveOne(consumer));
      await scene.pass(1_000);
      assert.deepEqual(await scene.admin.redriveDeadLetters(GROUP), { redriven: 1 });
      const again = await scene.receiveOne(consumer);
      assert.deepEqual([again.text(), again.deliveryAttempt], ['bad', 1]);
      await consumer.changeInvisibleDuration(again, 0);
      assert.equal((await scene.receiveOne(consumer)).deliveryAttempt, 2);
    },
    'ttlMs is a positive integer': async (scene) => {
      for (const ttlMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.send({ ttlMs: wrongly(ttlMs) }));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.createTopic(TOPIC, { ttlMs: wrongly(ttlMs) }));
      }
    },
  },
};
