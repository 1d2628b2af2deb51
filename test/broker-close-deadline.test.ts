import { expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker } from '../src/testing/index.ts';

/** How much of the clock's time a promise takes to settle; fails after a minute. */
async function timeToSettle(clock: ManualClock, promise: Promise<unknown>): Promise<number> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  const startMs = clock.monotonic();
  await clock.settle();
  while (!settled && clock.monotonic() - startMs < 60_000) await clock.advance(100);
  expect(settled).toBe(true);
  return clock.monotonic() - startMs;
}

test.each(['freezeWrites', 'freezeBarriers'] as const)(
  'close() settles on a disk that answers no more (%s), and so does what waited for it',
  async (freeze) => {
    const clock = new ManualClock();
    const failures = new FaultPlan();
    const broker = await openTestBroker({ clock, failures });
    const producer = broker.createProducer();
    await broker.createPushConsumer({ group: 'stuck', subscriptions: { work: '*' }, listener: () => new Promise(() => {}) });
    await producer.send({ topic: 'work', body: 'one' });
    await clock.settle();
    failures[freeze]();
    const send = producer.send({ topic: 'work', body: 'two' });
    const outcome = send.catch((error: unknown) => error);
    const closing = broker.close({ deadlineMs: 5000 });
    // Giving back, the last flush and letting go have moments of their own.
    expect(await timeToSettle(clock, closing)).toBeLessThanOrEqual(8000);
    expect(await outcome).toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    failures.thaw();
  },
);

test('close() takes as long as its listeners need, and no longer', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.createPushConsumer({
    group: 'slow',
    subscriptions: { work: '*' },
    listener: () => new Promise((resolve) => clock.setTimer(2000, () => resolve('success'))),
  });
  await broker.createProducer().send({ topic: 'work', body: 'one' });
  await clock.settle();
  expect(await timeToSettle(clock, broker.close({ deadlineMs: 60_000 }))).toBe(2000);
  expect(broker.eventsOf('work').map(({ kind }) => kind)).toContain('acked');
});
