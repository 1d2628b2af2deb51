import assert from 'node:assert/strict';
import type { MessageView, PushConsumerOptions } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, TOPIC, wrongly } from './scene.ts';

export const pushConsumer: ContractTheme = {
  name: 'push consumers',
  tests: {
    'a listener gets what is there and what comes later': async (scene) => {
      const seen: string[] = [];
      await scene.sendTexts(['a', 'b']);
      await scene.push({ listener: (message) => void seen.push(message.text()) });
      await scene.sendTexts(['c', 'd']);
      await scene.eventually(() => seen.length === 4, 'four messages');
      assert.deepEqual(seen.sort(), ['a', 'b', 'c', 'd']);
    },
    'nothing, success and a promise of either settle the message': async (scene) => {
      const answers = [undefined, 'success', Promise.resolve(), Promise.resolve('success')] as const;
      let calls = 0;
      await scene.push({ listener: () => answers[calls++] as 'success' });
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      await scene.eventually(
        async () => (await scene.admin.getGroupProgress(GROUP)).every(({ lag }) => lag === 0) && calls === 4,
        'all to be settled',
      );
      await scene.pass(60_000);
      await scene.settle();
      assert.equal(calls, 4);
    },
    'a listener sees the attempt, a handle and the message': async (scene) => {
      let seen: MessageView | undefined;
      await scene.push({
        listener: (message) => {
          seen = message;
        },
      });
      const receipt = await scene.send({ body: 'x', tag: 'tag' });
      await scene.eventually(() => seen !== undefined, 'a call');
      assert.equal(seen?.messageId, receipt.messageId);
      assert.equal(seen?.deliveryAttempt, 1);
      assert.equal(seen?.tag, 'tag');
      assert.equal(seen?.text(), 'x');
    },
    'at most `concurrency` calls run at a time, and as many do': async (scene) => {
      let running = 0;
      let most = 0;
      let calls = 0;
      const endings: (() => void)[] = [];
      await scene.push({
        concurrency: 3,
        listener: async () => {
          calls++;
          most = Math.max(most, ++running);
          await new Promise<void>((resolve) => endings.push(resolve));
          running--;
        },
      });
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
      while (calls < 7 || running > 0) {
        await scene.eventually(() => endings.length > 0, 'a running call');
        await scene.settle();
        for (const end of endings.splice(0)) end();
        await scene.settle();
      }
      assert.equal(most, 3);
    },
    'consumers of a group share the messages': async (scene) => {
      const seen: string[] = [];
      const counts = [0, 0];
      for (const index of [0, 1]) {
        await scene.push({
          concurrency: 1,
          listener: async (message) => {
            counts[index] = (counts[index] ?? 0) + 1;
            seen.push(message.text());
            await scene.settle();
          },
        });
      }
      const bodies = Array.from({ length: 12 }, (_, i) => `${String(i).padStart(2, '0')}`);
      await scene.sendTexts(bodies);
      await scene.eventually(() => seen.length >= 12, 'twelve calls');
      assert.deepEqual(seen.sort(), bodies);
      assert.ok(
        counts.every((count) => count > 0),
        `shared as ${counts.join(' and ')}`,
      );
    },
    'pause lets running calls go on and starts no others; resume goes on': async (scene) => {
      const seen: string[] = [];
      const consumer = await scene.push({ listener: (message) => void seen.push(message.text()) });
      await scene.send({ body: 'before' });
      await scene.eventually(() => seen.length === 1, 'the first call');
      consumer.pause();
      await scene.send({ body: 'meanwhile' });
      await scene.pass(60_000);
      await scene.settle();
      assert.deepEqual(seen, ['before']);
      consumer.resume();
      await scene.eventually(() => seen.length === 2, 'the second call');
    },
    'a paused consumer leaves the messages to others': async (scene) => {
      const seen: string[] = [];
      const paused = await scene.push({ listener: () => assert.fail('it is paused') });
      paused.pause();
      await scene.push({ listener: (message) => void seen.push(message.text()) });
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      await scene.eventually(() => seen.length === 4, 'four calls');
    },
    'one consumer may have several topics, each with its expression': async (scene) => {
      const seen: string[] = [];
      await scene.push({
        subscriptions: { orders: 'paid', bills: '*' },
        listener: (message) => void seen.push(`${message.topic}:${message.text()}`),
      });
      await scene.producer.sendBatch([
        { topic: 'orders', body: 'a', tag: 'paid' },
        { topic: 'orders', body: 'b', tag: 'open' },
        { topic: 'bills', body: 'c' },
      ]);
      await scene.eventually(() => seen.length === 2, 'two calls');
      await scene.settle();
      assert.deepEqual(seen.sort(), ['bills:c', 'orders:a']);
    },
    'a listener may send to its own topic': async (scene) => {
      const seen: number[] = [];
      await scene.push({
        listener: async (message) => {
          const n = message.json() as number;
          seen.push(n);
          if (n < 5) await scene.producer.send({ topic: TOPIC, json: n + 1 });
        },
      });
      await scene.send({ json: 1 });
      await scene.eventually(() => seen.length === 5, 'five calls');
      assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    },
    'a backlog of a thousand messages is pushed once each': async (scene) => {
      await scene.producer.sendBatch(Array.from({ length: 1_000 }, (_, i) => ({ topic: TOPIC, json: i })));
      const seen: number[] = [];
      await scene.push({ listener: (message) => void seen.push(message.json() as number) });
      await scene.eventually(() => seen.length >= 1_000, 'a thousand calls');
      await scene.settle();
      assert.equal(seen.length, 1_000);
      assert.equal(new Set(seen).size, 1_000);
    },
    'the options of a push consumer are checked': async (scene) => {
      const listener = (): void => {};
      const bad = [
        { listener: undefined },
        { listener: 'listener' },
        { listener, concurrency: 0 },
        { listener, concurrency: 1.5 },
        { listener, consumeTimeoutMs: 0 },
        { listener, consumeTimeoutMs: Number.NaN },
        { listener, maxCachedMessages: 0 },
        { listener, maxCachedBytes: -1 },
        { listener, startFrom: 'newest' },
        { listener, threads: 4 },
      ];
      for (const options of bad) {
        const all = { group: GROUP, subscriptions: { [TOPIC]: '*' }, ...options };
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.messaging.createPushConsumer(wrongly<PushConsumerOptions>(all)));
      }
    },
  },
};
