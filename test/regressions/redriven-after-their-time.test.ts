import { expect, test } from 'vitest';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';

// Whoever redrove a dead letter whose time to live was over had it counted as redriven, and then it expired: it was delivered to nobody, and was no dead
// letter any more.
test.each(['nothing', 'close', 'crash'] as const)('a redriven dead letter is delivered after its time, over %s', async (end) => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createGroup('billing', { maxAttempts: 2 });
  const receive = async (): Promise<[string, number][]> => {
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
    const messages = await consumer.receive();
    for (const message of messages) await consumer.changeInvisibleDuration(message, 0);
    await consumer.close();
    return messages.map((message) => [message.text(), message.deliveryAttempt]);
  };
  await broker.createProducer().send({ topic: 'orders', body: 'brief', ttlMs: 1_000 });
  for (const attempt of [1, 2]) expect(await receive()).toEqual([['brief', attempt]]);
  await clock.advance(1_000);
  expect(await broker.admin.redriveDeadLetters('billing')).toEqual({ redriven: 1 });
  if (end === 'close') await broker.close();
  else if (end === 'crash') await broker.crash();
  if (end !== 'nothing') await broker.reopen();
  for (const attempt of [1, 2]) expect(await receive()).toEqual([['brief', attempt]]);
  await clock.settle();
  expect((await broker.admin.listDeadLetters('billing')).items).toHaveLength(1);
  await broker.close();
});
