import assert from 'node:assert/strict';
import type { BrokerError, SendReceipt } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, type Scene, TOPIC, texts, wrongly } from './scene.ts';

interface Outcome {
  readonly error: BrokerError | undefined;
  readonly receipt: SendReceipt | undefined;
}

function sendOneway(scene: Scene, body: string): Promise<Outcome> {
  return new Promise((resolve) => {
    scene.producer.sendOneway({ topic: TOPIC, body }, (error, receipt) => resolve({ error, receipt }));
  });
}

export const onewayAndAbort: ContractTheme = {
  name: 'one-way sends and aborted sends',
  tests: {
    'a one-way send with a callback tells its receipt': async (scene) => {
      const { error, receipt } = await sendOneway(scene, 'x');
      assert.equal(error, undefined);
      assert.equal(receipt?.topic, TOPIC);
    },
    'a one-way send without a callback arrives': async (scene) => {
      const consumer = await scene.simple();
      scene.producer.sendOneway({ topic: TOPIC, body: 'x' });
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['x']);
    },
    'a one-way send with a callback tells its error': async (scene) => {
      const { error, receipt } = await sendOneway(scene, '');
      assert.equal(error?.code, 'MQ_MESSAGE_BODY_EMPTY');
      assert.equal(receipt, undefined);
    },
    'a one-way send that fails without a callback harms nobody': async (scene) => {
      scene.producer.sendOneway({ topic: TOPIC, body: '' });
      await scene.settle();
      await scene.send();
    },
    'a send whose signal was aborted before is MQ_ABORTED and stores nothing': async (scene) => {
      const { producer } = scene;
      await refuses('MQ_ABORTED', () => producer.send({ topic: TOPIC, body: 'x' }, { signal: AbortSignal.abort() }));
      await refuses('MQ_ABORTED', () => producer.sendBatch([{ topic: TOPIC, body: 'x' }], { signal: AbortSignal.abort() }));
      await scene.receiveNothing(await scene.simple());
    },
    'a send whose signal is aborted after it has resolved stays stored': async (scene) => {
      const controller = new AbortController();
      await scene.producer.send({ topic: TOPIC, body: 'x' }, { signal: controller.signal });
      controller.abort();
      assert.deepEqual(texts(await scene.receive(await scene.simple(), 1)), ['x']);
    },
    'a send that is aborted while it is under way settles with what really happened': async (scene) => {
      const controller = new AbortController();
      const sent = scene.producer.send({ topic: TOPIC, body: 'x' }, { signal: controller.signal });
      controller.abort();
      const stored = await sent.then(
        () => true,
        (error: BrokerError) => {
          assert.equal(error.code, 'MQ_ABORTED');
          return false;
        },
      );
      const consumer = await scene.simple();
      if (stored) await scene.receive(consumer, 1);
      await scene.receiveNothing(consumer);
    },
    'an unknown durability is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send({ topic: TOPIC, body: 'x' }, wrongly({ durability: 'memory' })));
    },
    'an unknown option of a send is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send({ topic: TOPIC, body: 'x' }, wrongly({ durable: true })));
    },
    'a signal that is none is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.producer.send({ topic: TOPIC, body: 'x' }, wrongly({ signal: {} })));
    },
    'maxAttempts, timeoutMs and onFull of a producer are checked': async (scene) => {
      const { messaging } = scene;
      for (const options of [
        { maxAttempts: 0 },
        { maxAttempts: 1.5 },
        { timeoutMs: 0 },
        { timeoutMs: Number.NaN },
        { onFull: 'drop' },
        { retries: 3 },
      ]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => messaging.createProducer(wrongly(options)));
      }
    },
    'a producer creates the topics that it was told': async (scene) => {
      scene.messaging.createProducer({ topics: ['told-topic'] });
      await scene.eventually(async () => (await scene.admin.getTopic('told-topic')) !== undefined, 'the topic to be created');
    },
  },
};
