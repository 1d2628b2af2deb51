import assert from 'node:assert/strict';
import type { GroupOptions, RetryPolicy } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, wrongly } from './scene.ts';

/** Lets a message fail for ever and looks when it comes again: after each wait, and not after half of it. */
async function waits(scene: Scene, options: GroupOptions, expectedMs: readonly number[]): Promise<void> {
  await scene.admin.createGroup(GROUP, { maxAttempts: 100, ...options });
  const attempts: number[] = [];
  await scene.push({
    listener: (message) => {
      attempts.push(message.deliveryAttempt);
      return 'failure';
    },
  });
  await scene.send();
  await scene.eventually(() => attempts.length === 1, 'the first attempt');
  for (const [index, waitMs] of expectedMs.entries()) {
    await scene.settle();
    await scene.pass(waitMs / 2);
    await scene.settle();
    assert.equal(attempts.length, index + 1, `attempt ${index + 2} came before ${waitMs} ms were over`);
    await scene.pass(waitMs / 2);
    await scene.eventually(() => attempts.length === index + 2, `attempt ${index + 2} after ${waitMs} ms`);
  }
  assert.deepEqual(
    attempts,
    Array.from({ length: expectedMs.length + 1 }, (_, index) => index + 1),
  );
}

export const retryPolicies: ContractTheme = {
  name: 'retry policies',
  tests: {
    'customized waits come in their order, and the last one is repeated': (scene) =>
      waits(scene, { retryPolicy: { kind: 'customized', delaysMs: [1_000, 4_000, 2_000] } }, [1_000, 4_000, 2_000, 2_000]),
    'exponential waits grow by their factor up to the longest': (scene) =>
      waits(
        scene,
        { retryPolicy: { kind: 'exponential', initialMs: 1_000, maxMs: 5_000, multiplier: 2 } },
        [1_000, 2_000, 4_000, 5_000, 5_000],
      ),
    'the default waits are those of RocketMQ: 10 seconds, 30 seconds, 1 minute': (scene) => waits(scene, {}, [10_000, 30_000, 60_000]),
    'a wait of 0 delivers again at once': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [0] }, maxAttempts: 5 });
      const attempts: number[] = [];
      await scene.push({
        listener: (message) => {
          attempts.push(message.deliveryAttempt);
          return 'failure';
        },
      });
      await scene.send();
      await scene.eventually(() => attempts.length === 5, 'five attempts');
      assert.deepEqual(attempts, [1, 2, 3, 4, 5]);
    },
    'a wait does not apply when a lease runs out': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [3_600_000] } });
      await scene.send();
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await scene.receiveOne(consumer);
      await scene.pass(1_000);
      await scene.receiveOne(consumer);
    },
    'a changed policy counts from the next failure': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [3_600_000] } });
      await scene.admin.updateGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      let calls = 0;
      await scene.push({
        listener: () => {
          calls++;
          return 'failure';
        },
      });
      await scene.send();
      await scene.eventually(() => calls === 1, 'the first call');
      await scene.settle();
      await scene.pass(1_000);
      await scene.eventually(() => calls === 2, 'the second call');
    },
    'a wrong policy is MQ_ILLEGAL_ARGUMENT': async (scene) => {
      const bad = [
        null,
        { kind: 'linear' },
        { kind: 'customized', delaysMs: [] },
        { kind: 'customized', delaysMs: [-1] },
        { kind: 'customized', delaysMs: [Number.NaN] },
        { kind: 'customized', delaysMs: 1_000 },
        { kind: 'exponential', initialMs: 1, maxMs: 2 },
        { kind: 'exponential', initialMs: 1, maxMs: 2, multiplier: 0.5 },
        { kind: 'exponential', initialMs: -1, maxMs: 2, multiplier: 2 },
      ];
      for (const retryPolicy of bad) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.admin.createGroup(GROUP, { retryPolicy: wrongly<RetryPolicy>(retryPolicy) }));
      }
      assert.equal(await scene.admin.getGroup(GROUP), undefined);
    },
  },
};
