import { expect, test } from 'vitest';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';

// Delays run by a time that begins where the wall clock stood at the opening and knows no steps. It was forgotten with the process: where the wall
// clock had been set back, the next process began where the last one had begun, and what was left of a delay became longer than the delay had
// been, by as much as the last process had lived. Found by the model.
test('what is left of a delay after a restart is never longer than the delay, though the wall clock was set back', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  clock.set(clock.now() - 3_600_000);
  await clock.advance(600_000);
  await broker.createProducer().send({ topic: 'orders', body: 'soon', delayMs: 1_000 });
  await broker.crash();
  await broker.reopen();
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  await clock.advance(999);
  expect(await consumer.receive()).toEqual([]);
  await clock.advance(1);
  expect((await consumer.receive()).map((message) => message.text())).toEqual(['soon']);
  await broker.close();
});

// The clock has fractions of a millisecond, instants have none. A delay was counted from the whole millisecond before its send, and was up to one
// shorter than what it had been given.
test('a delay is not shorter by the fraction of the millisecond in which it was sent', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  await broker.admin.createTopic('orders');
  await broker.createProducer().send({ topic: 'others', body: 'due five milliseconds from the beginning', delayMs: 5 });
  await clock.advance(0.75);
  await broker.createProducer().send({ topic: 'orders', body: 'soon', delayMs: 5 });
  await clock.advance(4.5);
  expect(await consumer.receive()).toEqual([]);
  await clock.advance(1);
  expect((await consumer.receive()).map((message) => message.text())).toEqual(['soon']);
  await broker.close();
});

/** A clock on which time passes with each reading, as it does for code that is slow. */
class RunningClock extends ManualClock {
  readMs = 0;
  #passedMs = 0;

  override now(): number {
    this.#passedMs += this.readMs;
    return super.now() + this.#passedMs;
  }

  override monotonic(): number {
    this.#passedMs += this.readMs;
    return super.monotonic() + this.#passedMs;
  }
}

const HOUR_MS = 3_600_000;

// What the clock of delays read was taken from the newest message with a delay, where it is rounded up and the wall clock is rounded down: each process
// that sent one began up to a millisecond ahead of the one before, and after 300 restarts what had waited over them came 0.4 s early.
test.each([0, -HOUR_MS, HOUR_MS])(
  'what waits over many restarts is not early by what each of them rounds, over a step of %i ms',
  async (stepMs) => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    clock.set(clock.now() + stepMs);
    await clock.settle();
    const sentAtMs = clock.now();
    await broker.createProducer().send({ topic: 'orders', body: 'patient', delayMs: 1_500 });
    for (let restart = 0; restart < 100; restart++) {
      await clock.advance(10.7);
      await broker.createProducer().send({ topic: 'others', body: 'x', delayMs: HOUR_MS });
      if (restart % 3 === 0) await broker.close();
      else await broker.crash();
      await broker.reopen();
    }
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
    await clock.advance(sentAtMs + 1_499 - clock.now());
    expect(await consumer.receive()).toEqual([]);
    await clock.advance(2);
    expect((await consumer.receive()).map((message) => message.text())).toEqual(['patient']);
    await broker.close();
  },
);

// The messages of a batch were born together, when the first of them joined, while each delay began when its own message did: what a batch took to be
// written seemed a step of the wall clock, and after a restart that time was missing from every delay.
test('a delay is not shorter after a restart by what the batch before it took', async () => {
  const clock = new RunningClock();
  const broker = await openTestBroker({ clock });
  const producer = broker.createProducer();
  await broker.admin.createTopic('orders');
  clock.readMs = 1;
  await producer.sendBatch(Array.from({ length: 100 }, () => ({ topic: 'orders', body: 'soon', delayMs: 1_000 })));
  clock.readMs = 0;
  const [first] = (await broker.admin.listDelayed('orders')).items;
  await broker.crash();
  await broker.reopen();
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  await clock.advance((first?.deliverAtMs ?? 0) - 1 - clock.now());
  expect(await consumer.receive()).toEqual([]);
  await clock.advance(2);
  expect(await consumer.receive()).not.toEqual([]);
  await broker.close();
});
