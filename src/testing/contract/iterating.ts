import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { refuses } from './scene.ts';

export const iterating: ContractTheme = {
  name: 'iterating over a simple consumer',
  tests: {
    'a loop gets one message at a time, and waits for the next': async (scene) => {
      const consumer = await scene.simple();
      await scene.sendTexts(['a', 'b']);
      const seen: string[] = [];
      for await (const message of consumer) {
        seen.push(message.text());
        await consumer.ack(message);
        if (seen.length === 2) scene.producer.sendOneway({ topic: message.topic, body: 'c' });
        if (seen.length === 3) break;
      }
      assert.deepEqual(seen.sort(), ['a', 'b', 'c']);
      await scene.receiveNothing(consumer);
    },
    'a loop never acknowledges': async (scene) => {
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      for await (const _message of consumer) break;
      await scene.pass(1_000);
      assert.equal((await scene.receiveOne(consumer)).deliveryAttempt, 2);
    },
    'leaving the loop gives back what was not yielded': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e']);
      const consumer = await scene.simple();
      for await (const message of consumer) {
        await consumer.ack(message);
        break;
      }
      const rest = await scene.receive(consumer, 4);
      assert.ok(rest.every((message) => message.deliveryAttempt <= 2));
    },
    'a loop outlives its waiting time': async (scene) => {
      const consumer = await scene.simple({ awaitDurationMs: 500 });
      const next = consumer[Symbol.asyncIterator]().next();
      await scene.settle();
      await scene.pass(500);
      await scene.settle();
      await scene.pass(500);
      await scene.send({ body: 'late' });
      const { value } = await next;
      assert.equal(value.text(), 'late');
    },
    'closing the consumer ends a waiting loop with MQ_BROKER_NOT_OPEN': async (scene) => {
      const consumer = await scene.simple();
      const next = consumer[Symbol.asyncIterator]().next();
      await scene.settle();
      const refused = refuses('MQ_BROKER_NOT_OPEN', () => next);
      await consumer.close();
      await refused;
    },
  },
};
