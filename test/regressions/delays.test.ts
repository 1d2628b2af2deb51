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
