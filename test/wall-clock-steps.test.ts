import { describe, expect, test } from 'vitest';
import type { MessageView, SimpleConsumer } from '../src/index.ts';
import { ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

const HOUR_MS = 3_600_000;
const DELAY_MS = 2 * HOUR_MS;

/** Waits in real elapsed time, whatever the wall clock is set to. */
interface Scenario {
  /** What of it is there now, by its texts. */
  arrived(): Promise<string[]>;
}

/** The subjects: something that waits, begun at once, and how to see that its time has come. */
type Subject = (broker: TestBroker, name: string) => Promise<Scenario>;

const received = async (broker: TestBroker, group: string): Promise<string[]> => {
  const options = { group, subscriptions: { work: '*' }, awaitDurationMs: 0, invisibleDurationMs: 12 * HOUR_MS } as const;
  const consumer = await broker.createSimpleConsumer(options);
  return (await consumer.receive()).map((message) => message.text());
};

const delayMessage: Subject = async (broker, name) => {
  await broker.createProducer().send({ topic: 'work', body: name, delayMs: DELAY_MS });
  return { arrived: () => received(broker, `of-${name}`) };
};

const retry: Subject = async (broker, name) => {
  await broker.admin.createGroup('retrying', { retryPolicy: { kind: 'customized', delaysMs: [DELAY_MS] } });
  const consumer = await broker.createPushConsumer({ group: 'retrying', subscriptions: { work: '*' }, listener: () => 'failure' });
  await broker.createProducer().send({ topic: 'work', body: name });
  await broker.settle();
  await consumer.close();
  return { arrived: () => received(broker, 'retrying') };
};

const transactionCheck: Subject = async (broker, name) => {
  const transaction = broker.createProducer().beginTransaction();
  await transaction.send({ topic: 'work', body: name });
  const asked: string[] = [];
  const ask = async (): Promise<string[]> => {
    const producer = broker.createProducer({
      transactionChecker: (message) => {
        asked.push(message.text());
        return 'unknown';
      },
    });
    await broker.settle();
    await producer.close();
    return asked;
  };
  return { arrived: ask };
};

const subjects: readonly (readonly [string, Subject])[] = [
  ['a delay message', delayMessage],
  ['a retry', retry],
  ['the check of a transaction', transactionCheck],
];

async function open(clock: ManualClock): Promise<TestBroker> {
  return await openTestBroker({ clock, transaction: { checkImmunityMs: DELAY_MS } });
}

async function step(clock: ManualClock, ms: number): Promise<void> {
  clock.set(clock.now() + ms);
  await clock.settle();
}

describe.each(subjects)('the time of %s', (_, begin) => {
  test.each([-24 * HOUR_MS, -HOUR_MS, HOUR_MS, 24 * HOUR_MS])(
    'is what has really passed while the broker is open, over a step of %i ms',
    async (ms) => {
      const clock = new ManualClock();
      const broker = await open(clock);
      const subject = await begin(broker, 'one');
      await clock.advance(HOUR_MS);
      await step(clock, ms);
      await clock.advance(HOUR_MS - 1);
      expect(await subject.arrived()).toEqual([]);
      await clock.advance(1);
      expect(await subject.arrived()).toEqual(['one']);
      await broker.close();
    },
  );

  test.each([-HOUR_MS, HOUR_MS, 24 * HOUR_MS])(
    'that begins after a step of %i ms goes on over a reopening, neither early nor late',
    async (ms) => {
      const clock = new ManualClock();
      const broker = await open(clock);
      await step(clock, ms);
      const subject = await begin(broker, 'one');
      await clock.advance(HOUR_MS);
      await broker.crash();
      await broker.reopen();
      await clock.advance(HOUR_MS - 1);
      expect(await subject.arrived()).toEqual([]);
      await clock.advance(1);
      expect(await subject.arrived()).toEqual(['one']);
      await broker.close();
    },
  );

  test('is never longer than at first, whatever the wall clock is set back to while the broker is closed', async () => {
    const clock = new ManualClock();
    const broker = await open(clock);
    const subject = await begin(broker, 'one');
    await broker.close();
    await step(clock, -24 * HOUR_MS);
    await broker.reopen();
    await clock.advance(DELAY_MS);
    expect(await subject.arrived()).toEqual(['one']);
    await broker.close();
  });

  test('passes while the broker is closed', async () => {
    const clock = new ManualClock();
    const broker = await open(clock);
    const subject = await begin(broker, 'one');
    await broker.close();
    await clock.advance(DELAY_MS - 1);
    await broker.reopen();
    expect(await subject.arrived()).toEqual([]);
    await clock.advance(1);
    expect(await subject.arrived()).toEqual(['one']);
    await broker.close();
  });
});

/**
 * A delay was stored in a time that began with the wall clock at the opening and knew no steps; the next process took the wall clock for that time. A
 * machine that boots in 1970 and is told the date later delivered everything at once after its next restart.
 */
test('a delay is waited for on a machine that learns the date while the broker is open, over several openings', async () => {
  const clock = new ManualClock({ startAtMs: 5_000 });
  const broker = await open(clock);
  clock.set(Date.UTC(2026, 5, 1));
  const subject = await delayMessage(broker, 'one');
  for (let passedMs = 0; passedMs < DELAY_MS; passedMs += HOUR_MS / 2) {
    expect(await subject.arrived()).toEqual([]);
    await clock.advance(HOUR_MS / 2);
    await broker.crash();
    await broker.reopen();
    await broker.settle();
  }
  expect(await subject.arrived()).toEqual(['one']);
  await broker.close();
});

test('the clock of delays follows the wall clock again once nothing waits', async () => {
  const clock = new ManualClock({ startAtMs: 5_000 });
  const broker = await open(clock);
  clock.set(Date.UTC(2026, 5, 1));
  await delayMessage(broker, 'one');
  await clock.advance(DELAY_MS);
  await broker.close();
  await broker.reopen();
  await delayMessage(broker, 'two');
  expect((await broker.admin.listDelayed('work')).items.map(({ deliverAtMs }) => deliverAtMs)).toEqual([clock.now() + DELAY_MS]);
  await broker.close();
});

test.each([-HOUR_MS, HOUR_MS, 24 * HOUR_MS])(
  'a dedup window is what has really passed while the broker is open, over a step of %i ms',
  async (ms) => {
    const clock = new ManualClock();
    const broker = await open(clock);
    await broker.admin.createTopic('work', { dedupWindowMs: DELAY_MS });
    const send = async (): Promise<boolean> => {
      const { duplicate = false } = await broker.createProducer().send({ topic: 'work', body: 'x', dedupKey: 'k' });
      return duplicate;
    };
    expect(await send()).toBe(false);
    await clock.advance(HOUR_MS);
    await step(clock, ms);
    await clock.advance(HOUR_MS - 1);
    expect(await send()).toBe(true);
    await clock.advance(1);
    expect(await send()).toBe(false);
    await broker.close();
  },
);

test('a dedup window that was open goes on over a reopening, and a wall clock that was set back meanwhile makes it no longer', async () => {
  const clock = new ManualClock();
  const broker = await open(clock);
  await broker.admin.createTopic('work', { dedupWindowMs: DELAY_MS });
  const send = async (dedupKey: string): Promise<boolean> => {
    const { duplicate = false } = await broker.createProducer().send({ topic: 'work', body: 'x', dedupKey });
    return duplicate;
  };
  for (const key of ['a', 'b']) await send(key);
  await broker.close();
  await clock.advance(HOUR_MS);
  await broker.reopen();
  await clock.advance(HOUR_MS - 1);
  expect(await send('a')).toBe(true);
  await clock.advance(1);
  expect(await send('a')).toBe(false);
  await broker.close();
  await step(clock, -24 * HOUR_MS);
  await broker.reopen();
  await clock.advance(DELAY_MS);
  expect(await send('a')).toBe(false);
  await broker.close();
});

/** A settled message, or a copy of it, is acknowledged again for an hour, and no longer. */
async function expectHandleOf(message: MessageView, { consumer, clock }: { consumer: SimpleConsumer; clock: ManualClock }): Promise<void> {
  const views = [message, { ...message }];
  await clock.advance(HOUR_MS - 1);
  for (const view of views) await consumer.ack(view);
  await clock.advance(1);
  for (const view of views) await expect(consumer.ack(view)).rejects.toMatchObject({ code: 'MQ_RECEIPT_HANDLE_EXPIRED' });
}

// A settled message is acknowledged again without an error while the handle's time runs. That was asked of the wall clock: set forward by a day, or
// back and forward again, it had a consumer that was beaten by an atomic unit, or that repeated a call, told that its time was over.
test.each([[[24 * HOUR_MS]], [[-2 * HOUR_MS, 24 * HOUR_MS]], [[-2 * HOUR_MS]]])(
  'a handle of a settled message keeps its time over steps of %j ms',
  async (steps) => {
    const clock = new ManualClock();
    const broker = await open(clock);
    await broker.createProducer().send({ topic: 'work', body: 'x' });
    const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions: { work: '*' }, invisibleDurationMs: HOUR_MS });
    const [first, ...others] = steps;
    await step(clock, others.length > 0 ? (first ?? 0) : 0);
    const [message] = await consumer.receive();
    if (message === undefined) throw new Error('nothing was received');
    await consumer.ack(message);
    await step(clock, others[0] ?? first ?? 0);
    await expectHandleOf(message, { consumer, clock });
    await broker.close();
  },
);

// The same for the handle of a lease that got a new end.
test('a renewed handle of a settled message keeps its time over steps of the wall clock', async () => {
  const clock = new ManualClock();
  const broker = await open(clock);
  await broker.createProducer().send({ topic: 'work', body: 'x' });
  const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions: { work: '*' } });
  await step(clock, -2 * HOUR_MS);
  const [message] = await consumer.receive();
  if (message === undefined) throw new Error('nothing was received');
  const renewed = await consumer.changeInvisibleDuration(message, HOUR_MS);
  await consumer.ack(renewed);
  await step(clock, 24 * HOUR_MS);
  await expectHandleOf(renewed, { consumer, clock });
  await broker.close();
});
