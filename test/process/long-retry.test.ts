import { expect, test } from 'vitest';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';

const DAY_MS = 86_400_000;

test('advancing over thirty days with a retry pending takes less than a second, and delivers it then', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createGroup('g', { retryPolicy: { kind: 'customized', delaysMs: [30 * DAY_MS] } });
  const attemptsAtMs: number[] = [];
  const listener = (): 'failure' | 'success' => {
    attemptsAtMs.push(clock.now());
    return attemptsAtMs.length === 1 ? 'failure' : 'success';
  };
  await broker.createPushConsumer({ group: 'g', subscriptions: { orders: '*' }, listener });
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  await clock.settle();
  expect(attemptsAtMs).toHaveLength(1);

  const fromMs = performance.now();
  await clock.advance(30 * DAY_MS - 1);
  expect(attemptsAtMs).toHaveLength(1);
  await clock.advance(1);
  expect(performance.now() - fromMs).toBeLessThan(1_000);
  const [first = 0, second = 0] = attemptsAtMs;
  expect(second - first).toBe(30 * DAY_MS);
  // Nothing pending, nothing to wait for.
  await clock.advance(10_000);
  expect(clock.timerCount).toBe(0);
  await broker.close();
});
