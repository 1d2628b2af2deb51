import assert from 'node:assert/strict';
import type { Message } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

export const batches: ContractTheme = {
  name: 'batches',
  tests: {
    'a batch answers a receipt for each message, in order': async (scene) => {
      const receipts = await scene.producer.sendBatch([
        { topic: TOPIC, body: 'a', messageGroup: 'g' },
        { topic: 'other-topic', body: 'b' },
        { topic: TOPIC, body: 'c', messageGroup: 'g' },
      ]);
      assert.deepEqual(
        receipts.map(({ topic }) => topic),
        [TOPIC, 'other-topic', TOPIC],
      );
      assert.equal(receipts[0]?.queueOffset, 0);
      assert.equal(receipts[2]?.queueOffset, 1);
      assert.equal(new Set(receipts.map(({ messageId }) => messageId)).size, 3);
    },
    'a batch keeps its order inside a message group': async (scene) => {
      const bodies = Array.from({ length: 50 }, (_, i) => `${i}`);
      await scene.producer.sendBatch(bodies.map((body) => ({ topic: TOPIC, body, messageGroup: 'g' })));
      const consumer = await scene.simple();
      const seen: string[] = [];
      while (seen.length < bodies.length) {
        const messages = await scene.receive(consumer, 1);
        seen.push(...texts(messages));
        await consumer.ack(messages);
      }
      assert.deepEqual(seen, bodies);
    },
    'one bad message keeps the whole batch out': async (scene) => {
      await refuses('MQ_MESSAGE_BODY_EMPTY', () =>
        scene.producer.sendBatch([
          { topic: TOPIC, body: 'a' },
          { topic: TOPIC, body: '' },
          { topic: TOPIC, body: 'c' },
        ]),
      );
      await scene.receiveNothing(await scene.simple());
    },
    'an empty batch stores nothing and answers nothing': async (scene) => {
      assert.deepEqual(await scene.producer.sendBatch([]), []);
    },
    'a batch of more than 4,096 messages is MQ_PAYLOAD_TOO_LARGE, one of 4,096 is not': async (scene) => {
      const messages: Message[] = Array.from({ length: 4_096 }, (_, i) => ({ topic: TOPIC, body: `${i}` }));
      await refuses('MQ_PAYLOAD_TOO_LARGE', () => scene.producer.sendBatch([...messages, { topic: TOPIC, body: 'one more' }]));
      const receipts = await scene.producer.sendBatch(messages);
      assert.equal(receipts.length, 4_096);
    },
    'a batch of more than 32 MiB is MQ_PAYLOAD_TOO_LARGE': async (scene) => {
      const body = new Uint8Array(4 * 1024 * 1024);
      const messages: Message[] = Array.from({ length: 9 }, () => ({ topic: TOPIC, body }));
      await refuses('MQ_PAYLOAD_TOO_LARGE', () => scene.producer.sendBatch(messages));
      await scene.receiveNothing(await scene.simple());
    },
    'a batch that is no array is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.sendBatch(wrongly<Message[]>({ topic: TOPIC, body: 'a' })));
    },
    'every message of a batch is delivered once': async (scene) => {
      const bodies = Array.from({ length: 300 }, (_, i) => `${String(i).padStart(3, '0')}`);
      await scene.producer.sendBatch(bodies.map((body) => ({ topic: TOPIC, body })));
      const messages = await scene.receive(await scene.simple(), 300, { maxMessages: 100 });
      assert.deepEqual(sortedTexts(messages), bodies);
    },
  },
};
