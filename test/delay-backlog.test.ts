import { expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

const COUNT = 20_000;
const HOUR_MS = 3_600_000;

/** Delays over two hours whose order has nothing to do with that of the sends. */
const delayOf = (number: number): number => 61_000 + ((number * 7919) % 12) * 600_000;

async function visible(broker: TestBroker): Promise<number> {
  const info = await broker.admin.getTopic('later');
  return info?.queues.reduce((total, { maxOffset }) => total + maxOffset, 0) ?? 0;
}

test('more messages than memory holds wait in the index, come due in their order, and are counted, over reopenings', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createTopic('later', { queueCount: 1 });
  const startedAtMs = clock.monotonic();
  for (let from = 0; from < COUNT; from += 2_000) {
    const batch = Array.from({ length: 2_000 }, (_, i) => ({ topic: 'later', body: `${from + i}`, delayMs: delayOf(from + i) }));
    await broker.createProducer().sendBatch(batch, { durability: 'async' });
  }
  // A checkpoint saves all of them; what is far leaves memory.
  await clock.advance(10_000);
  await broker.close();
  await broker.reopen();
  expect((await broker.admin.getTopic('later'))?.delayed).toBe(COUNT);
  const expectedBy = (atMs: number): number =>
    Array.from({ length: COUNT }, (_, number) => delayOf(number)).filter((due) => due <= atMs).length;
  for (const atMs of [60_000, HOUR_MS, 1.7 * HOUR_MS]) {
    await clock.advance(startedAtMs + atMs - clock.monotonic());
    await broker.settle();
    expect(await visible(broker)).toBe(expectedBy(atMs));
    await broker.crash();
    await broker.reopen();
  }
  const next = (await broker.admin.listDelayed('later', { limit: 3 })).items.map(({ deliverAtMs }) => deliverAtMs);
  expect([...next].sort((left, right) => left - right)).toEqual(next);
  await clock.advance(2 * HOUR_MS);
  await broker.settle();
  expect(await visible(broker)).toBe(COUNT);
  expect((await broker.admin.getTopic('later'))?.delayed).toBe(0);
  const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions: { later: '*' }, maxMessages: 1_000, awaitDurationMs: 0 });
  let last = 0;
  let seen = 0;
  for (let messages = await consumer.receive(); messages.length > 0; messages = await consumer.receive()) {
    for (const message of messages) {
      const due = delayOf(Number(message.text()));
      expect(due).toBeGreaterThanOrEqual(last);
      last = due;
      seen++;
    }
    await consumer.ack(messages);
  }
  expect(seen).toBe(COUNT);
  await broker.close();
}, 120_000);

/** Enough for a checkpoint to save them in several writes. */
const IN_PARTS = 3_500;

test.each([
  { applied: false, end: 'crash' },
  { applied: true, end: 'crash' },
  { applied: false, end: 'close' },
] as const)(
  'a checkpoint that is rejected in the midst of its timers ($applied) loses none and doubles none over a $end',
  async ({ applied, end }) => {
    for (let write = 1; write <= 6; write++) {
      const clock = new ManualClock();
      const failures = new FaultPlan();
      const broker = await openTestBroker({ clock, failures, logger: false });
      await broker.admin.createTopic('later', { queueCount: 1 });
      const messages = Array.from({ length: IN_PARTS }, (_, number) => ({ topic: 'later', body: 'x', delayMs: delayOf(number) }));
      await broker.createProducer().sendBatch(messages, { durability: 'async' });
      failures.failWrite('index', write, { applied });
      await clock.advance(10_000);
      // Half of them are due, so that the next checkpoint removes what the rejected one may have saved.
      await clock.advance(HOUR_MS);
      await broker.settle();
      await broker[end]();
      await broker.reopen();
      await clock.advance(2 * HOUR_MS);
      await broker.settle();
      expect(await visible(broker), `write ${write}`).toBe(IN_PARTS);
      expect((await broker.admin.getTopic('later'))?.delayed, `write ${write}`).toBe(0);
      await broker.close();
    }
  },
  60_000,
);
