import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, type Scene } from './scene.ts';

/** The ways for a listener to fail. */
const failures: Readonly<Record<string, () => never | 'failure' | Promise<never> | Promise<'failure'>>> = {
  "answers 'failure'": () => 'failure',
  "promises 'failure'": () => Promise.resolve('failure'),
  throws: () => {
    throw new Error('thrown');
  },
  rejects: () => Promise.reject(new Error('rejected')),
  'rejects with what is no error': () => Promise.reject('text'),
};

async function retriedOnce(scene: Scene, fail: () => never | 'failure' | Promise<never> | Promise<'failure'>): Promise<void> {
  await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
  const attempts: number[] = [];
  await scene.push({
    listener: (message) => {
      attempts.push(message.deliveryAttempt);
      return attempts.length === 1 ? fail() : 'success';
    },
  });
  await scene.send();
  await scene.eventually(() => attempts.length === 1, 'the first call');
  await scene.settle();
  await scene.pass(400);
  await scene.settle();
  assert.deepEqual(attempts, [1], 'not before its time');
  await scene.pass(600);
  await scene.eventually(() => attempts.length === 2, 'the second call');
  await scene.pass(10_000);
  await scene.settle();
  assert.deepEqual(attempts, [1, 2]);
}

export const pushFailures: ContractTheme = {
  name: 'listeners that fail',
  tests: {
    ...Object.fromEntries(
      Object.entries(failures).map(([how, fail]) => [
        `a message is delivered again when its listener ${how}`,
        (scene: Scene) => retriedOnce(scene, fail),
      ]),
    ),
    'a failure does not hold up other messages': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [60_000] } });
      const seen: string[] = [];
      await scene.push({
        listener: (message) => {
          seen.push(message.text());
          return message.text() === 'bad' ? 'failure' : 'success';
        },
      });
      await scene.sendTexts(['bad', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      await scene.eventually(() => seen.length === 9, 'nine calls');
    },
    'a listener that takes longer than its consume timeout is aborted, and the attempt counts as failed': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      const attempts: number[] = [];
      const aborted: boolean[] = [];
      await scene.push({
        consumeTimeoutMs: 2_000,
        listener: (message, { signal }) => {
          attempts.push(message.deliveryAttempt);
          if (attempts.length > 1) return 'success';
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted.push(signal.aborted);
              resolve('success');
            });
          });
        },
      });
      await scene.send();
      await scene.eventually(() => attempts.length === 1, 'the first call');
      await scene.pass(1_000);
      assert.deepEqual(aborted, []);
      await scene.pass(1_000);
      await scene.eventually(() => aborted.length === 1, 'the abort');
      await scene.settle();
      await scene.pass(1_000);
      await scene.eventually(() => attempts.length === 2, 'the second attempt');
      assert.deepEqual(attempts, [1, 2]);
    },
    'a listener that hangs for ever loses its message to the next attempt': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [0] } });
      const attempts: number[] = [];
      await scene.push({
        consumeTimeoutMs: 1_000,
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return attempts.length === 1 ? new Promise<never>(() => {}) : 'success';
        },
      });
      await scene.send();
      await scene.eventually(() => attempts.length === 1, 'the first call');
      await scene.pass(1_000);
      await scene.eventually(() => attempts.length === 2, 'the second call');
    },
    'the late success of a listener that timed out changes nothing': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [5_000] } });
      let end: () => void = () => {};
      const attempts: number[] = [];
      await scene.push({
        consumeTimeoutMs: 1_000,
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return attempts.length === 1 ? new Promise<void>((resolve) => (end = resolve)) : 'success';
        },
      });
      await scene.send();
      await scene.eventually(() => attempts.length === 1, 'the first call');
      await scene.pass(1_000);
      await scene.settle();
      end();
      await scene.settle();
      await scene.pass(5_000);
      await scene.eventually(() => attempts.length === 2, 'the second attempt');
    },
    'the lease of a listener that works long is renewed: nobody else gets the message': async (scene) => {
      let end: () => void = () => {};
      let calls = 0;
      await scene.push({
        listener: () => {
          calls++;
          return new Promise<void>((resolve) => (end = resolve));
        },
      });
      const other = await scene.simple();
      // Only the push consumer may get it.
      await scene.send();
      await scene.eventually(() => calls === 1, 'the first call');
      for (let i = 0; i < 5; i++) {
        await scene.pass(60_000);
        await scene.receiveNothing(other);
      }
      end();
      await scene.settle();
      await scene.eventually(
        async () => (await scene.admin.getGroupProgress(GROUP)).every(({ lag }) => lag === 0),
        'the message to be settled',
      );
      assert.equal(calls, 1);
    },
    'the retry of a failed message waits through a pause': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      const attempts: number[] = [];
      const consumer = await scene.push({
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return attempts.length === 1 ? 'failure' : 'success';
        },
      });
      await scene.send();
      await scene.eventually(() => attempts.length === 1, 'the first call');
      await scene.settle();
      consumer.pause();
      await scene.pass(5_000);
      await scene.settle();
      assert.deepEqual(attempts, [1]);
      consumer.resume();
      await scene.eventually(() => attempts.length === 2, 'the second call');
    },
  },
};
