import assert from 'node:assert/strict';
import type { SimpleConsumerOptions } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

export const receiving: ContractTheme = {
  name: 'receiving',
  tests: {
    'the first delivery has attempt 1, a handle, and an end of its invisibility': async (scene) => {
      await scene.send();
      const message = await scene.receiveOne(await scene.simple(), { invisibleDurationMs: 10_000 });
      assert.equal(message.deliveryAttempt, 1);
      assert.ok(message.receiptHandle.length > 0);
      assert.ok(message.invisibleUntilMs >= message.storedAtMs + 10_000);
    },
    'a received message is invisible to every consumer of the group': async (scene) => {
      await scene.send();
      const first = await scene.simple();
      const second = await scene.simple();
      await scene.receiveOne(first);
      await scene.receiveNothing(first);
      await scene.receiveNothing(second);
    },
    'what is not acknowledged is visible again when its time has run out, with the next attempt': async (scene) => {
      const { messageId } = await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 2_000 });
      await scene.receiveOne(consumer);
      await scene.pass(1_000);
      await scene.receiveNothing(consumer);
      await scene.pass(1_000);
      const again = await scene.receiveOne(consumer);
      assert.equal(again.messageId, messageId);
      assert.equal(again.deliveryAttempt, 2);
    },
    'every group gets every message': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c']);
      for (const group of ['first', 'second']) {
        assert.deepEqual(sortedTexts(await scene.receive(await scene.simple({ group }), 3)), ['a', 'b', 'c']);
      }
    },
    'the consumers of a group share its messages': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      const first = await scene.simple();
      const second = await scene.simple();
      const seen = [...(await scene.receive(first, 2, { maxMessages: 2 })), ...(await scene.receive(second, 2, { maxMessages: 2 }))];
      assert.deepEqual(sortedTexts(seen), ['a', 'b', 'c', 'd']);
    },
    'receive answers at most maxMessages': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e']);
      const consumer = await scene.simple({ maxMessages: 2 });
      assert.ok((await consumer.receive({ awaitDurationMs: 0 })).length <= 2);
      assert.equal((await consumer.receive({ awaitDurationMs: 0, maxMessages: 1 })).length, 1);
    },
    'awaitDurationMs of 0 answers at once when there is nothing': async (scene) => {
      const consumer = await scene.simple();
      assert.deepEqual(await consumer.receive({ awaitDurationMs: 0 }), []);
    },
    'receive answers nothing when its waiting time is over': async (scene) => {
      const consumer = await scene.simple({ awaitDurationMs: 1_000 });
      let answered: readonly unknown[] | undefined;
      const receiving = consumer.receive().then((messages) => {
        answered = messages;
      });
      await scene.settle();
      assert.equal(answered, undefined);
      await scene.pass(1_000);
      await receiving;
      assert.deepEqual(answered, []);
    },
    'a waiting receive answers as soon as a message arrives': async (scene) => {
      const consumer = await scene.simple();
      const receiving = consumer.receive();
      await scene.settle();
      await scene.send({ body: 'arrived' });
      assert.deepEqual(texts(await receiving), ['arrived']);
    },
    'one message wakes one of several waiting receives': async (scene) => {
      const consumer = await scene.simple({ awaitDurationMs: 1_000 });
      const receiving = [consumer.receive(), consumer.receive(), consumer.receive()];
      await scene.settle();
      await scene.send();
      await scene.settle();
      await scene.pass(1_000);
      const counts = (await Promise.all(receiving)).map((messages) => messages.length);
      assert.deepEqual(counts.sort(), [0, 0, 1]);
    },
    'a waiting receive wakes up when the time of a message runs out': async (scene) => {
      await scene.send({ body: 'again' });
      const consumer = await scene.simple({ awaitDurationMs: 10_000 });
      await scene.receiveOne(consumer, { invisibleDurationMs: 1_000 });
      const receiving = consumer.receive();
      await scene.pass(1_000);
      assert.deepEqual(texts(await receiving), ['again']);
    },
    'an aborted receive is MQ_ABORTED and takes nothing': async (scene) => {
      const consumer = await scene.simple();
      const controller = new AbortController();
      const receiving = consumer.receive({ signal: controller.signal });
      controller.abort(new Error('enough'));
      const error = await refuses('MQ_ABORTED', () => receiving);
      assert.equal((error.cause as Error).message, 'enough');
      await scene.send();
      await scene.receiveOne(consumer);
    },
    'a receive whose signal was aborted before takes nothing': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      await refuses('MQ_ABORTED', () => consumer.receive({ signal: AbortSignal.abort() }));
      const message = await scene.receiveOne(consumer);
      assert.equal(message.deliveryAttempt, 1);
    },
    'numbers outside their range are refused, not clamped': async (scene) => {
      const consumer = await scene.simple();
      for (const maxMessages of [0, -1, 1.5, Number.NaN, 1_025, wrongly<number>('1')]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.receive({ maxMessages }));
      }
      for (const invisibleDurationMs of [0, -1, 0.5, Number.NaN, 12 * 3_600_000 + 1]) {
        await refuses('MQ_ILLEGAL_INVISIBLE_TIME', () => consumer.receive({ invisibleDurationMs }));
      }
      for (const awaitDurationMs of [-1, Number.NaN]) await refuses('MQ_ILLEGAL_POLLING_TIME', () => consumer.receive({ awaitDurationMs }));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.receive(wrongly({ max: 1 })));
    },
    'the shortest and the longest invisible duration are accepted': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      await scene.receiveOne(consumer, { invisibleDurationMs: 1 });
      await scene.pass(1);
      await scene.receiveOne(consumer, { invisibleDurationMs: 12 * 3_600_000 });
    },
    'the options of a simple consumer are checked': async (scene) => {
      const bad: readonly [string, object][] = [
        ['MQ_ILLEGAL_ARGUMENT', { maxMessages: 0 }],
        ['MQ_ILLEGAL_INVISIBLE_TIME', { invisibleDurationMs: 0 }],
        ['MQ_ILLEGAL_POLLING_TIME', { awaitDurationMs: -1 }],
        ['MQ_ILLEGAL_ARGUMENT', { startFrom: 'middle' }],
        ['MQ_ILLEGAL_ARGUMENT', { subscriptions: {} }],
        ['MQ_ILLEGAL_ARGUMENT', { subscriptions: undefined }],
        ['MQ_ILLEGAL_ARGUMENT', { group: undefined }],
        ['MQ_ILLEGAL_ARGUMENT', { consumerGroup: GROUP }],
      ];
      for (const [code, options] of bad) {
        const all = { group: GROUP, subscriptions: { [TOPIC]: '*' }, ...options };
        await refuses(wrongly(code), () => scene.messaging.createSimpleConsumer(wrongly<SimpleConsumerOptions>(all)));
      }
    },
  },
};
