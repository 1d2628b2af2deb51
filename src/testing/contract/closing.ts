import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, TOPIC, wrongly } from './scene.ts';

export const closing: ContractTheme = {
  name: 'closing',
  tests: {
    'a closed producer is MQ_BROKER_NOT_OPEN, and the broker goes on': async (scene) => {
      const producer = scene.messaging.createProducer();
      await producer.close();
      await producer.close();
      await refuses('MQ_BROKER_NOT_OPEN', () => producer.send({ topic: TOPIC, body: 'x' }));
      await refuses('MQ_BROKER_NOT_OPEN', () => producer.sendBatch([{ topic: TOPIC, body: 'x' }]));
      await scene.send();
    },
    'closing a producer waits for its sends': async (scene) => {
      const producer = scene.messaging.createProducer();
      let receipts = 0;
      const sends = Array.from({ length: 10 }, () => producer.send({ topic: TOPIC, body: 'x' }).then(() => receipts++));
      await producer.close();
      // The receipts reach their listeners in the same turn.
      for (let i = 0; i < 5; i++) await undefined;
      assert.equal(receipts, 10);
      await Promise.all(sends);
    },
    'a deadline that is none is refused, and nothing is closed': async (scene) => {
      const seen: string[] = [];
      const consumer = await scene.push({ listener: (message) => void seen.push(message.text()) });
      for (const deadlineMs of [-1, 0.5, Number.NaN, wrongly<number>('soon')]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.close({ deadlineMs }));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.messaging.close({ deadlineMs }));
      }
      await scene.send({ body: 'x' });
      await scene.eventually(() => seen.length === 1, 'the message');
      await consumer.close();
    },
    'a closed simple consumer is MQ_BROKER_NOT_OPEN for every call': async (scene) => {
      await scene.send();
      const consumer = await scene.simple();
      const message = await scene.receiveOne(consumer);
      await consumer.close();
      await consumer.close();
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.receive());
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.ack(message));
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.changeInvisibleDuration(message, 1));
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.forwardToDeadLetter(message));
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.subscribe('other', '*'));
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.unsubscribe(TOPIC));
    },
    'closing a simple consumer gives back what it holds at once, and the delivery has counted': async (scene) => {
      await scene.send();
      const first = await scene.simple({ invisibleDurationMs: 60_000 });
      await scene.receiveOne(first);
      await first.close();
      assert.equal((await scene.receiveOne(await scene.simple())).deliveryAttempt, 2);
    },
    'closing a simple consumer rejects its waiting receives': async (scene) => {
      const consumer = await scene.simple();
      const refused = Promise.all([
        refuses('MQ_BROKER_NOT_OPEN', () => consumer.receive()),
        refuses('MQ_BROKER_NOT_OPEN', () => consumer.receive()),
      ]);
      await scene.settle();
      await consumer.close();
      await refused;
    },
    'closing a push consumer waits for the calls that run, and their success counts': async (scene) => {
      let end: () => void = () => {};
      const consumer = await scene.push({ listener: () => new Promise<void>((resolve) => (end = resolve)) });
      await scene.send();
      let closed = false;
      await scene.eventually(async () => (await scene.admin.stats()).delivered === 1, 'the delivery');
      await scene.settle();
      const closes = consumer.close().then(() => {
        closed = true;
      });
      await scene.settle();
      assert.equal(closed, false);
      end();
      await closes;
      await scene.receiveNothing(await scene.simple());
    },
    'after its deadline closing goes on: the signal aborts and the message is given back': async (scene) => {
      let aborted = false;
      let calls = 0;
      const consumer = await scene.push({
        listener: (_message, { signal }) => {
          calls++;
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return new Promise<never>(() => {});
        },
      });
      await scene.send();
      await scene.eventually(() => calls === 1, 'the call');
      const closes = consumer.close({ deadlineMs: 1_000 });
      await scene.settle();
      assert.equal(aborted, false);
      await scene.pass(1_000);
      await closes;
      assert.equal(aborted, true);
    },
    'a closed push consumer is called no more': async (scene) => {
      let calls = 0;
      const consumer = await scene.push({
        listener: () => {
          calls++;
        },
      });
      await consumer.close();
      await consumer.close();
      await scene.send();
      await scene.settle();
      assert.equal(calls, 0);
      await scene.receiveOne(await scene.simple());
    },
    'what a push consumer has read ahead was no delivery': async (scene) => {
      let calls = 0;
      const consumer = await scene.push({
        concurrency: 1,
        listener: () => {
          calls++;
          return new Promise<never>(() => {});
        },
      });
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e', 'f']);
      await scene.eventually(() => calls === 1, 'the call');
      await scene.settle();
      await consumer.close({ deadlineMs: 0 });
      const messages = await scene.receive(await scene.simple(), 6);
      assert.deepEqual(messages.map(({ deliveryAttempt }) => deliveryAttempt).sort(), [1, 1, 1, 1, 1, 2]);
    },
    'a closed broker is MQ_BROKER_NOT_OPEN for every call, and closes again without harm': async (scene) => {
      const { messaging, producer } = scene;
      const consumer = await scene.simple();
      await messaging.close();
      await messaging.close();
      await refuses('MQ_BROKER_NOT_OPEN', () => producer.send({ topic: TOPIC, body: 'x' }));
      await refuses('MQ_BROKER_NOT_OPEN', () => consumer.receive());
      await refuses('MQ_BROKER_NOT_OPEN', () => messaging.createSimpleConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' } }));
      await refuses('MQ_BROKER_NOT_OPEN', () =>
        messaging.createPushConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' }, listener: () => {} }),
      );
      await refuses('MQ_BROKER_NOT_OPEN', () => messaging.createProducer().send({ topic: TOPIC, body: 'x' }));
    },
    'closing the broker waits for sends under way, also for those that create their topic': async (scene) => {
      const { producer } = scene;
      const sends = [
        producer.send({ topic: 'new', body: 'first' }),
        producer.send({ topic: 'new', body: 'keyed', dedupKey: 'key' }),
        producer.sendBatch([{ topic: 'newer', body: 'batch' }]),
      ];
      await scene.messaging.close();
      for (const { status } of await Promise.allSettled(sends)) assert.equal(status, 'fulfilled');
      await refuses('MQ_BROKER_NOT_OPEN', () => producer.send({ topic: 'new', body: 'late' }));
    },
    'closing the broker rejects waiting receives and ends push consumers': async (scene) => {
      const consumer = await scene.simple();
      await scene.push({ group: 'pushed', listener: () => {} });
      const refused = refuses('MQ_BROKER_NOT_OPEN', () => consumer.receive());
      await scene.settle();
      await scene.messaging.close();
      await refused;
    },
    'closing the broker settles within its deadline though a listener hangs': async (scene) => {
      let calls = 0;
      await scene.push({
        listener: () => {
          calls++;
          return new Promise<never>(() => {});
        },
      });
      await scene.send();
      await scene.eventually(() => calls === 1, 'the call');
      const closes = scene.messaging.close({ deadlineMs: 1_000 });
      await scene.settle();
      await scene.pass(1_000);
      await closes;
    },
  },
};
