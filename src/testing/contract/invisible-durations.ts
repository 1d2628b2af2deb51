import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { refuses } from './scene.ts';

export const invisibleDurations: ContractTheme = {
  name: 'changing an invisible duration',
  tests: {
    'a longer duration counts from now, and the new view has the new handle': async (scene) => {
      await scene.send({ body: 'slow', tag: 'tag', keys: ['key'], messageGroup: 'group' });
      const consumer = await scene.simple({ invisibleDurationMs: 2_000 });
      const message = await scene.receiveOne(consumer);
      await scene.pass(1_000);
      const renewed = await consumer.changeInvisibleDuration(message, 3_000);
      assert.equal(renewed.text(), 'slow');
      assert.equal(renewed.tag, 'tag');
      assert.deepEqual(renewed.keys, ['key']);
      assert.equal(renewed.messageGroup, 'group');
      assert.equal(renewed.messageId, message.messageId);
      assert.equal(renewed.deliveryAttempt, 1);
      assert.notEqual(renewed.receiptHandle, message.receiptHandle);
      assert.ok(renewed.invisibleUntilMs > message.invisibleUntilMs);
      await scene.pass(2_000);
      await scene.receiveNothing(consumer);
      await consumer.ack(renewed);
      await scene.pass(2_000);
      await scene.receiveNothing(consumer);
    },
    'the old handle is MQ_RECEIPT_HANDLE_EXPIRED from then on': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      const renewed = await consumer.changeInvisibleDuration(message, 10_000);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(message));
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.changeInvisibleDuration({ ...message }, 10_000));
      await consumer.ack(renewed);
    },
    'a shorter duration ends earlier': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 60_000 });
      await consumer.changeInvisibleDuration(await scene.receiveOne(consumer), 1_000);
      await scene.receiveNothing(consumer);
      await scene.pass(1_000);
      assert.equal((await scene.receiveOne(consumer)).deliveryAttempt, 2);
    },
    '0 gives the message back now, and the delivery has counted': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      await consumer.changeInvisibleDuration(message, 0);
      const again = await scene.receiveOne(consumer);
      assert.equal(again.messageId, message.messageId);
      assert.equal(again.deliveryAttempt, 2);
    },
    'a handle that was given back is MQ_RECEIPT_HANDLE_EXPIRED': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      await consumer.changeInvisibleDuration(message, 0);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(message));
    },
    'the view of a message that was given back cannot be acknowledged': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const back = await consumer.changeInvisibleDuration(await scene.receiveOne(consumer), 0);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(back));
      await scene.receiveOne(consumer);
    },
    'giving back wakes a waiting receive': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      const receiving = consumer.receive({ awaitDurationMs: 10_000 });
      await scene.settle();
      await consumer.changeInvisibleDuration(message, 0);
      assert.equal((await receiving)[0]?.deliveryAttempt, 2);
    },
    'a duration outside 0 to 12 hours is MQ_ILLEGAL_INVISIBLE_TIME and changes nothing': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      for (const durationMs of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 12 * 3_600_000 + 1]) {
        await refuses('MQ_ILLEGAL_INVISIBLE_TIME', () => consumer.changeInvisibleDuration(message, durationMs));
      }
      await consumer.ack(message);
    },
    'a chain of changes keeps the message as long as it is renewed': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      let message = await scene.receiveOne(consumer);
      for (let i = 0; i < 5; i++) {
        await scene.pass(500);
        message = await consumer.changeInvisibleDuration(message, 1_000);
        await scene.receiveNothing(consumer);
      }
      await consumer.ack(message);
    },
    'a message that has been settled cannot be made visible again': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      await consumer.ack(message);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.changeInvisibleDuration(message, 0));
      await scene.receiveNothing(consumer);
    },
  },
};
