import { setImmediate as afterThisTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Message, MessageView, SimpleConsumer } from '../../../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker, type TestBrokerOptions } from '../../../src/testing/index.ts';

const MESSAGES = 4_000;

async function open(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const broker = await openTestBroker(options);
  await broker.admin.createTopic('orders', { queueCount: 1 });
  return broker;
}

/** Sends numbered messages; only every `wantedEvery`th has `wanted = true`. */
async function fill(broker: TestBroker, wantedEvery: number, message: Partial<Message> = {}): Promise<void> {
  const messages = Array.from({ length: MESSAGES }, (_, i) => ({
    topic: 'orders',
    body: `${i}`,
    properties: { wanted: `${i % wantedEvery === wantedEvery - 1}` },
    ...message,
  }));
  await broker.createProducer().sendBatch(messages);
}

const bySql = (broker: TestBroker, sql = 'wanted'): Promise<SimpleConsumer> =>
  broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: { sql } }, awaitDurationMs: 0 });

const numbers = (views: readonly MessageView[]): number[] => views.map((view) => Number(view.text()));

const lag = async (broker: TestBroker): Promise<number> =>
  (await broker.admin.getGroupProgress('billing')).reduce((sum, queue) => sum + queue.lag, 0);

afterEach(() => {
  vi.restoreAllMocks();
});

/** Each look at it takes as long as a slow filter does over some messages. */
class SlowClock extends ManualClock {
  isSlow = false;
  #lostMs = 0;

  override monotonic(): number {
    if (this.isSlow) this.#lostMs += 6;
    return super.monotonic() + this.#lostMs;
  }
}

// A filter of hundreds of LIKEs over long properties took forty milliseconds for a message, and a thousand of them were judged in one turn of the event loop.
test('a filter that takes long over each message leaves the event loop its turns, and loses none', async () => {
  const clock = new SlowClock();
  const broker = await open({ clock });
  await fill(broker, 1);
  const consumers = [await bySql(broker), await bySql(broker)];
  clock.isSlow = true;
  const [first, second] = await Promise.all(consumers.map((consumer) => consumer.receive({ maxMessages: 1_000 })));
  expect([first?.length, second?.length]).toEqual([15, 15]);
  clock.isSlow = false;
  const seen = numbers([...(first ?? []), ...(second ?? [])]);
  for (const consumer of consumers) while (seen.length < MESSAGES) seen.push(...numbers(await consumer.receive({ maxMessages: 1_000 })));
  expect(seen).toEqual(Array.from({ length: MESSAGES }, (_, i) => i));
  await broker.close();
});

describe('messages that a filter passes over', () => {
  test('are replaced by those behind them, so that one receive is as full as it can be', async () => {
    const broker = await open();
    await fill(broker, 20);
    const consumer = await bySql(broker);
    expect(numbers(await consumer.receive({ maxMessages: 16 }))).toEqual(Array.from({ length: 16 }, (_, i) => i * 20 + 19));
    await broker.close();
  });

  test('do not keep the event loop from its turns, nor a message from its receiver until others are found', async () => {
    const broker = await open();
    await fill(broker, MESSAGES / 2);
    const consumer = await bySql(broker);
    let turns = 0;
    const receiving = consumer.receive({ maxMessages: 2 });
    let done = false;
    const counting = (async () => {
      for (; !done; turns++) await afterThisTurn();
    })();
    // The second one lies two thousand messages further on: the first one does not wait for it.
    expect(numbers(await receiving)).toEqual([MESSAGES / 2 - 1]);
    done = true;
    await counting;
    expect(turns).toBeGreaterThan(1);
    expect(numbers(await consumer.receive({ maxMessages: 2 }))).toEqual([MESSAGES - 1]);
    await broker.close();
  });

  test('are found in a store that has to be read again, and the receiver does not wait for the disk once it has one', async () => {
    const broker = await open({ limits: { cacheBytes: 1 } });
    await fill(broker, 100);
    const consumer = await bySql(broker);
    const received: number[] = [];
    for (;;) {
      const views = await consumer.receive({ maxMessages: 7 });
      if (views.length === 0) break;
      received.push(...numbers(views));
      await consumer.ack(views);
    }
    expect(received).toEqual(Array.from({ length: MESSAGES / 100 }, (_, i) => i * 100 + 99));
    await expect.poll(() => lag(broker)).toBe(0);
    await broker.close();
  });

  test('have their bodies left where they are', async () => {
    const broker = await open();
    const size = 1_003;
    await fill(broker, 100, { body: 'x'.repeat(size) });
    const consumer = await bySql(broker);
    const copies = vi.spyOn(Uint8Array.prototype, 'slice');
    const views = await consumer.receive({ maxMessages: 1_000 });
    const bodies = copies.mock.results.filter(({ value }) => (value as Uint8Array).length === size);
    expect(views.length).toBeGreaterThan(0);
    expect(bodies).toHaveLength(views.length);
    await broker.close();
  });

  test('share few records in the log', async () => {
    const broker = await open();
    await fill(broker, MESSAGES);
    const before = (await broker.admin.stats()).logBytes;
    const consumer = await bySql(broker);
    expect(await consumer.receive({ maxMessages: 1 })).toHaveLength(1);
    await expect.poll(() => lag(broker)).toBe(1);
    expect((await broker.admin.stats()).logBytes - before).toBeLessThan(2_000);
    await broker.close();
  });

  test('are passed over again when the write that settled them failed', async () => {
    const failures = new FaultPlan();
    const broker = await open({ failures });
    await fill(broker, 50);
    const consumer = await bySql(broker);
    failures.failWrite('log', 1);
    const received: number[] = [];
    await expect
      .poll(async () => {
        const views = await consumer.receive({ maxMessages: 64 }).catch(() => []);
        received.push(...numbers(views));
        if (views.length > 0) await consumer.ack(views);
        return received.length;
      })
      .toBe(MESSAGES / 50);
    expect(received.sort((a, b) => a - b)).toEqual(Array.from({ length: MESSAGES / 50 }, (_, i) => i * 50 + 49));
    await expect.poll(() => lag(broker)).toBe(0);
    await broker.close();
  });

  test('leave no lag either when nothing comes behind them and their write failed', async () => {
    const failures = new FaultPlan();
    const broker = await open({ failures });
    const consumer = await bySql(broker);
    await broker.createProducer().send({ topic: 'orders', body: 'x', properties: { wanted: 'false' } });
    const healed = new Promise<void>((resolve) => {
      broker.events.on('state', ({ from, to }) => from === 'healing' && to === 'open' && resolve());
    });
    failures.failWrite('log', 1);
    expect(await consumer.receive()).toEqual([]);
    await healed;
    await expect.poll(() => lag(broker)).toBe(0);
    await broker.close();
  });

  test('stay passed over after a crash, and those that came before it are delivered again', async () => {
    const broker = await open();
    await fill(broker, 1_000);
    const first = await (await bySql(broker)).receive({ maxMessages: 4 });
    expect(numbers(first)).toEqual([999]);
    await broker.crash();
    await broker.reopen();
    const consumer = await bySql(broker, 'TRUE');
    const again = await consumer.receive({ maxMessages: 2 });
    expect(again.map((view) => view.deliveryAttempt)).toEqual([2, 1]);
    expect(numbers(again)[0]).toBe(999);
    expect(numbers(again)[1]).toBeGreaterThan(999);
    await broker.close();
  });
});
