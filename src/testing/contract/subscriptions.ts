import assert from 'node:assert/strict';
import type { MessageView } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, sortedTexts, TOPIC, texts } from './scene.ts';

export const subscriptions: ContractTheme = {
  name: 'subscriptions and members of a group',
  tests: {
    'another expression than that of an open member is MQ_SUBSCRIPTION_CONFLICT': async (scene) => {
      await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.simple({ subscriptions: { [TOPIC]: 'b' } }));
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.push({ subscriptions: { [TOPIC]: '*' }, listener: () => {} }));
    },
    'expressions are compared in their normal form': async (scene) => {
      await scene.simple({ subscriptions: { [TOPIC]: 'a || b' } });
      await scene.simple({ subscriptions: { [TOPIC]: 'b||a' } });
      await scene.simple({ subscriptions: { [TOPIC]: { tag: ' a||b ||a ' } } });
    },
    'a closed member is no conflict': async (scene) => {
      const first = await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await first.close();
      await scene.simple({ subscriptions: { [TOPIC]: 'b' } });
    },
    'a consumer that was refused leaves no trace': async (scene) => {
      const first = await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.simple({ subscriptions: { other: '*', [TOPIC]: 'b' } }));
      await first.close();
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'b', other: 'x' } });
      await scene.send({ tag: 'b' });
      await scene.receiveOne(consumer);
    },
    'other groups may have other expressions': async (scene) => {
      await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await scene.simple({ group: 'other', subscriptions: { [TOPIC]: 'b' } });
    },
    'members may have different topics: a message goes to one that has its topic': async (scene) => {
      const orders = await scene.simple({ subscriptions: { orders: '*' } });
      const bills = await scene.simple({ subscriptions: { bills: '*' } });
      await scene.producer.sendBatch([
        { topic: 'orders', body: 'order' },
        { topic: 'bills', body: 'bill' },
      ]);
      assert.deepEqual(texts(await scene.receive(orders, 1)), ['order']);
      assert.deepEqual(texts(await scene.receive(bills, 1)), ['bill']);
      await scene.receiveNothing(orders);
      await scene.receiveNothing(bills);
    },
    'a consumer may subscribe to another topic later': async (scene) => {
      const consumer = await scene.simple();
      await scene.producer.send({ topic: 'later', body: 'later' });
      await scene.receiveNothing(consumer);
      await consumer.subscribe('later', '*');
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['later']);
    },
    'a later subscription conflicts as an early one does': async (scene) => {
      const consumer = await scene.simple();
      await scene.simple({ subscriptions: { later: 'a' } });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => consumer.subscribe('later', 'b'));
      await consumer.subscribe('later', 'a');
    },
    'the only member may change its own expression': async (scene) => {
      const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'a' } });
      await consumer.subscribe(TOPIC, 'b');
      await scene.send({ body: 'b', tag: 'b' });
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['b']);
    },
    'a consumer gets nothing more from a topic that it unsubscribed, and the group keeps its place': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'a' });
      await consumer.ack(await scene.receiveOne(consumer));
      await consumer.unsubscribe(TOPIC);
      await scene.send({ body: 'b' });
      await scene.receiveNothing(consumer);
      await consumer.subscribe(TOPIC, '*');
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['b']);
    },
    'a receive that waits gets what a later subscription brings': async (scene) => {
      const consumer = await scene.simple();
      await scene.producer.send({ topic: 'later', body: 'later' });
      const receiving = consumer.receive({ awaitDurationMs: 10_000 });
      await scene.settle();
      await consumer.subscribe('later', '*');
      assert.deepEqual(texts(await receiving), ['later']);
    },
    'a subscription to a topic that does not exist waits for it': async (scene) => {
      const consumer = await scene.simple({ subscriptions: { 'not-yet': '*' } });
      const receiving = consumer.receive({ awaitDurationMs: 10_000 });
      await scene.settle();
      await scene.producer.send({ topic: 'not-yet', body: 'at last' });
      assert.deepEqual(texts(await receiving), ['at last']);
    },
    'push and simple consumers share the messages of a group': async (scene) => {
      const seen: string[] = [];
      let end: () => void = () => {};
      const pushed = new Promise<void>((resolve) => (end = resolve));
      await scene.push({
        concurrency: 1,
        listener: (message) => {
          seen.push(message.text());
          return pushed;
        },
      });
      await scene.sendTexts(['a', 'b', 'c']);
      await scene.eventually(() => seen.length === 1, 'the first call');
      await scene.settle();
      const consumer = await scene.simple();
      const messages = await scene.receive(consumer, 2);
      await consumer.ack(messages);
      assert.deepEqual([...seen, ...texts(messages)].sort(), ['a', 'b', 'c']);
      end();
      await scene.eventually(async () => (await scene.admin.getGroupProgress(GROUP)).every(({ lag }) => lag === 0), 'all to be settled');
    },
    'a group may change between push and simple': async (scene) => {
      const push = await scene.push({ listener: () => 'failure' });
      await scene.send();
      await scene.eventually(async () => (await scene.admin.stats()).failed === 1, 'the failure');
      await scene.settle();
      await push.close();
      const consumer = await scene.simple();
      await scene.pass(10_000);
      assert.equal((await scene.receiveOne(consumer)).deliveryAttempt, 2);
    },
    'messages are balanced one by one: every consumer of a group can get any of a queue': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      await scene.sendTexts(['a', 'b', 'c']);
      const consumers = [await scene.simple(), await scene.simple(), await scene.simple()];
      const messages: MessageView[] = [];
      for (const consumer of consumers) messages.push(...(await scene.receive(consumer, 1, { maxMessages: 1 })));
      assert.deepEqual(sortedTexts(messages), ['a', 'b', 'c']);
    },
  },
};
