import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { TOPIC } from './scene.ts';

const MESSAGE_ID = /^01[0-9A-F]{32}$/;

export const sending: ContractTheme = {
  name: 'sending',
  tests: {
    'a receipt names the message, its topic, its queue and its offset': async (scene) => {
      const receipt = await scene.send();
      assert.match(receipt.messageId, MESSAGE_ID);
      assert.equal(receipt.topic, TOPIC);
      assert.ok(receipt.queueId >= 0 && receipt.queueId < 4, `queue ${receipt.queueId}`);
      assert.equal(receipt.queueOffset, 0);
    },
    'message ids are unique': async (scene) => {
      const receipts = await Promise.all(Array.from({ length: 500 }, () => scene.send()));
      assert.equal(new Set(receipts.map(({ messageId }) => messageId)).size, 500);
    },
    'a receipt claims the durability that was asked for, or what the place can keep': async (scene) => {
      for (const durability of ['async', 'sync'] as const) {
        const receipt = await scene.producer.send({ topic: TOPIC, body: 'x' }, { durability });
        assert.ok(receipt.durability === durability || receipt.durability === 'memory', `${durability} became ${receipt.durability}`);
      }
    },
    'messages without a group go round the four queues of a topic that was created by itself': async (scene) => {
      const receipts = await scene.sendTexts(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      const queues = receipts.map(({ queueId }) => queueId);
      assert.deepEqual([...new Set(queues)].sort(), [0, 1, 2, 3]);
      assert.deepEqual(queues.slice(4), queues.slice(0, 4));
      assert.deepEqual(
        receipts.map(({ queueOffset }) => queueOffset),
        [0, 0, 0, 0, 1, 1, 1, 1],
      );
    },
    'messages of one group go to one queue, with rising offsets': async (scene) => {
      const receipts = await scene.sendTexts(['a', 'b', 'c', 'd', 'e'], { messageGroup: 'customer-7' });
      assert.equal(new Set(receipts.map(({ queueId }) => queueId)).size, 1);
      assert.deepEqual(
        receipts.map(({ queueOffset }) => queueOffset),
        [0, 1, 2, 3, 4],
      );
    },
    'messages with one partition key go to one queue and are not ordered': async (scene) => {
      const receipts = await scene.sendTexts(['a', 'b', 'c'], { partitionKey: 'customer-7' });
      assert.equal(new Set(receipts.map(({ queueId }) => queueId)).size, 1);
      const consumer = await scene.simple();
      const messages = await consumer.receive({ awaitDurationMs: 0 });
      assert.equal(messages.length, 3, 'none of them waits for another');
      assert.ok(messages.every((message) => message.messageGroup === undefined));
    },
    'a body arrives as the bytes that were sent': async (scene) => {
      const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      await scene.send({ body });
      const message = await scene.receiveOne(await scene.simple());
      assert.deepEqual([...message.body], [...body]);
    },
    'a string arrives as UTF-8, a byte order mark included': async (scene) => {
      const text = '\ufeffgrüße, 世界 🎈';
      await scene.send({ body: text });
      const message = await scene.receiveOne(await scene.simple());
      assert.equal(message.text(), text);
      assert.deepEqual([...message.body], [...new TextEncoder().encode(text)]);
    },
    'json arrives as an equal value and as JSON text': async (scene) => {
      const json = { id: 42, lines: [1, 'two', null, { three: true }] };
      await scene.send({ json });
      const message = await scene.receiveOne(await scene.simple());
      assert.deepEqual(message.json(), json);
      assert.equal(message.text(), JSON.stringify(json));
    },
    'a body that is no JSON is MQ_MESSAGE_CORRUPTED for json() and still there as text': async (scene) => {
      await scene.send({ body: '{"half":' });
      const message = await scene.receiveOne(await scene.simple());
      assert.throws(() => message.json(), { code: 'MQ_MESSAGE_CORRUPTED' });
      assert.equal(message.text(), '{"half":');
    },
    'tag, keys, properties and message group arrive': async (scene) => {
      await scene.send({ tag: 'paid', keys: ['order-1', 'order-2'], properties: { region: 'eu', empty: '' }, messageGroup: 'customer-1' });
      const message = await scene.receiveOne(await scene.simple());
      assert.equal(message.tag, 'paid');
      assert.deepEqual(message.keys, ['order-1', 'order-2']);
      assert.deepEqual({ ...message.properties }, { region: 'eu', empty: '' });
      assert.equal(message.messageGroup, 'customer-1');
    },
    'what was not sent is absent: no tag, no keys, no properties, no group': async (scene) => {
      await scene.send();
      const message = await scene.receiveOne(await scene.simple());
      assert.equal(message.tag, undefined);
      assert.deepEqual(message.keys, []);
      assert.deepEqual(Object.keys(message.properties), []);
      assert.equal(message.messageGroup, undefined);
    },
    'a property may have any name, __proto__ and constructor included': async (scene) => {
      const properties = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<string, string>;
      await scene.send({ properties });
      const message = await scene.receiveOne(await scene.simple());
      assert.deepEqual(Object.entries(message.properties).sort(), [
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['toString', 'c'],
      ]);
      assert.equal(message.properties['hasOwnProperty'], undefined);
    },
    'the bytes of a body may be used again once send has returned': async (scene) => {
      const body = Uint8Array.of(1, 2, 3);
      const sent = scene.send({ body });
      body.fill(9);
      await sent;
      const message = await scene.receiveOne(await scene.simple());
      assert.deepEqual([...message.body], [1, 2, 3]);
    },
    'a view owns its body: a listener that writes into it changes nothing for others': async (scene) => {
      await scene.send({ body: Uint8Array.of(1, 2, 3) });
      const first = await scene.receiveOne(await scene.simple({ group: 'first' }));
      first.body.fill(9);
      const second = await scene.receiveOne(await scene.simple({ group: 'second' }));
      assert.deepEqual([...second.body], [1, 2, 3]);
    },
    'a message knows when it was made and stored': async (scene) => {
      await scene.send();
      await scene.pass(1_000);
      await scene.send();
      const messages = await scene.receive(await scene.simple(), 2);
      const [first, second] = messages.sort((left, right) => left.storedAtMs - right.storedAtMs);
      assert.ok(first && second);
      assert.ok(Number.isSafeInteger(first.bornAtMs) && first.storedAtMs >= first.bornAtMs);
      assert.ok(second.storedAtMs >= first.storedAtMs + 1_000, `${second.storedAtMs} after ${first.storedAtMs}`);
    },
    'a message is visible as soon as its send has resolved': async (scene) => {
      const consumer = await scene.simple();
      for (let i = 0; i < 20; i++) {
        const { messageId } = await scene.send();
        const messages = await consumer.receive({ awaitDurationMs: 0 });
        assert.deepEqual(
          messages.map((message) => message.messageId),
          [messageId],
        );
      }
    },
    'a view is where its receipt says': async (scene) => {
      const receipt = await scene.send();
      const { messageId, topic, queueId, queueOffset } = await scene.receiveOne(await scene.simple());
      assert.deepEqual(
        { messageId, topic, queueId, queueOffset },
        { messageId: receipt.messageId, topic: receipt.topic, queueId: receipt.queueId, queueOffset: receipt.queueOffset },
      );
    },
  },
};
