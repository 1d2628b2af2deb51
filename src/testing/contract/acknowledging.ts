import assert from 'node:assert/strict';
import type { MessageView } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, sortedTexts, wrongly } from './scene.ts';

export const acknowledging: ContractTheme = {
  name: 'acknowledging and receipt handles',
  tests: {
    'an acknowledged message does not come again': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await consumer.ack(await scene.receiveOne(consumer));
      await scene.pass(2_000);
      await scene.receiveNothing(consumer);
    },
    'many messages are acknowledged at once': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e', 'f']);
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      const messages = await scene.receive(consumer, 6);
      await consumer.ack(messages.filter((message) => message.text() < 'd'));
      await scene.pass(1_000);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 3)), ['d', 'e', 'f']);
    },
    'messages are acknowledged in any order': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      const messages = await scene.receive(consumer, 8);
      for (const message of messages.reverse()) await consumer.ack(message);
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
    },
    'to acknowledge nothing is legal': async (scene) => {
      const consumer = await scene.simple();
      await consumer.ack([]);
    },
    'a structural copy of a view is as good as the view': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      const { receiptHandle } = await scene.receiveOne(consumer);
      await consumer.ack(wrongly<MessageView>(JSON.parse(JSON.stringify({ receiptHandle }))));
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
    },
    'a spread copy of a view is as good as the view': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      const message = await scene.receiveOne(consumer);
      await consumer.ack({ ...message });
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
    },
    'any consumer of the group may acknowledge': async (scene) => {
      await scene.send();
      const receiver = await scene.simple({ invisibleDurationMs: 1_000 });
      const message = await scene.receiveOne(receiver);
      await (await scene.simple()).ack(message);
      await scene.pass(1_000);
      await scene.receiveNothing(receiver);
    },
    'a handle of another group is MQ_INVALID_RECEIPT_HANDLE': async (scene) => {
      await scene.send();
      const message = await scene.receiveOne(await scene.simple());
      const stranger = await scene.simple({ group: 'stranger' });
      for (const view of [message, { ...message }]) await refuses('MQ_INVALID_RECEIPT_HANDLE', () => stranger.ack(view));
      await refuses('MQ_INVALID_RECEIPT_HANDLE', () => stranger.changeInvisibleDuration(message, 1_000));
      await refuses('MQ_INVALID_RECEIPT_HANDLE', () => stranger.forwardToDeadLetter(message));
    },
    'a handle that nobody issued is MQ_INVALID_RECEIPT_HANDLE': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      const { receiptHandle } = message;
      const middle = receiptHandle.length >>> 1;
      const forged = receiptHandle.slice(0, middle) + (receiptHandle[middle] === 'A' ? 'B' : 'A') + receiptHandle.slice(middle + 1);
      for (const bad of ['', 'x', forged, `${receiptHandle}A`, receiptHandle.slice(1), '💥'.repeat(40), 'A'.repeat(1_000_000)]) {
        await refuses('MQ_INVALID_RECEIPT_HANDLE', () => consumer.ack({ ...message, receiptHandle: bad }));
      }
      await consumer.ack(message);
    },
    'what is no message is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      const consumer = await scene.simple();
      for (const bad of [undefined, null, 'handle', 7, {}, { receiptHandle: 7 }, [undefined]]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.ack(wrongly<MessageView>(bad)));
      }
    },
    'a handle whose time has run out is MQ_RECEIPT_HANDLE_EXPIRED, and the message comes again': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      const message = await scene.receiveOne(consumer);
      await scene.pass(1_000);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(message));
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.changeInvisibleDuration(message, 1_000));
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.forwardToDeadLetter({ ...message }));
      await scene.receiveOne(consumer);
    },
    'a handle that a later delivery superseded is MQ_RECEIPT_HANDLE_EXPIRED, and the later one works': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const old = await scene.receiveOne(consumer, { invisibleDurationMs: 1_000 });
      await scene.pass(1_000);
      const later = await scene.receiveOne(consumer, { invisibleDurationMs: 5_000 });
      assert.notEqual(later.receiptHandle, old.receiptHandle);
      for (const view of [old, { ...old }]) await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(view));
      await consumer.ack(later);
    },
    'to settle a settled message again is a success while the handle has time': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 2_000 });
      const message = await scene.receiveOne(consumer);
      await consumer.ack(message);
      await consumer.ack(message);
      await consumer.ack({ ...message });
      await scene.pass(2_000);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(message));
    },
    'two acknowledgements of one delivery at the same time both succeed': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      await Promise.all([consumer.ack(message), consumer.ack({ ...message }), consumer.ack([message, message])]);
      await scene.receiveNothing(consumer);
    },
  },
};
