import { beforeEach, describe, expect, test } from 'vitest';
import { FaultPlan, openTestBroker, type TestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// A reset revokes what is leased. What joined the log in the same commit, before or behind it, was applied to messages that the reset had
// forgotten: leases came back to life, and counters went below what is there.

let broker: TestBroker;
let failures: FaultPlan;
const reset = () => broker.admin.resetOffset('billing', { topic: 'orders', to: 'earliest' });
const openConsumer = () =>
  broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0, invisibleDurationMs: 60_000 });

beforeEach(async () => {
  failures = new FaultPlan();
  broker = await openTestBroker({ failures });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  return () => broker.close({ deadlineMs: 0 });
});

describe('a reset', () => {
  // The view was made after the reset had been applied, with the lease number of the next delivery: with it the first consumer could settle
  // what the second one was working on.
  test.each([true, false])('revokes a lease that was granted in the same commit (the hand-out first: %s)', async (handOutFirst) => {
    const consumer = await openConsumer();
    const producer = broker.createProducer();
    await producer.send({ topic: 'orders', body: 'one' });
    failures.freezeWrites();
    const first = producer.send({ topic: 'orders', body: 'holds the log' });
    await turns();
    const calls: Promise<unknown>[] = handOutFirst ? [] : [reset()];
    const receiving = consumer.receive({ maxMessages: 1 });
    if (handOutFirst) calls.push(reset());
    await turns();
    failures.thaw();
    const revoked = await receiving;
    await Promise.all([first, ...calls]);
    const [again] = await consumer.receive({ maxMessages: 1 });
    if (handOutFirst) {
      expect(revoked).toHaveLength(1);
      expect(again?.text()).toBe('one');
    }
    for (const view of revoked) {
      if (view.text() !== again?.text()) continue;
      await expect(consumer.ack(view)).rejects.toMatchObject({ code: 'MQ_RECEIPT_HANDLE_EXPIRED' });
    }
    if (again !== undefined) await expect(consumer.ack(again)).resolves.toBeUndefined();
  });

  // The hand-out was committed between the reset's call and its commit, and set free what the reset had claimed: an acknowledgement joined the log
  // behind the reset. It answered success, the message came again all the same, and after a crash it was gone.
  test.each(['acknowledgement', 'atomic unit'] as const)('refuses an %s of what was handed out while it was on its way', async (what) => {
    for (let later = 0; later < 8; later++) {
      const consumer = await openConsumer();
      await broker.createProducer().send({ topic: 'orders', body: 'one' });
      failures.freezeWrites();
      const receiving = consumer.receive({ maxMessages: 1 });
      await turns();
      const resetting = reset();
      await turns();
      failures.thaw();
      const [view] = await receiving;
      if (view === undefined) throw new Error('nothing was received');
      for (let i = 0; i < later; i++) await undefined;
      const settling = what === 'acknowledgement' ? consumer.ack(view) : broker.atomic((unit) => unit.ack(view));
      await expect(settling, `${later} steps later`).rejects.toMatchObject({ code: 'MQ_RECEIPT_HANDLE_EXPIRED' });
      await resetting;
      await broker.crash();
      await broker.reopen();
      const again = await openConsumer();
      expect(await again.receive()).toHaveLength(later + 1);
      await reset();
    }
  });

  // The acknowledgement settled a message that was no longer there, and was counted all the same: the count of unsettled messages went off by
  // one with every such meeting, down to where the group's limit no longer bounds anything.
  test('leaves the right count of unsettled messages whenever acknowledgements are in flight', async () => {
    const consumer = await openConsumer();
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    for (let later = 0; later < 30; later++) {
      const [message] = await consumer.receive();
      if (message === undefined) throw new Error(`nothing was received after ${later} resets`);
      const resetting = reset();
      for (let i = 0; i < later; i++) await Promise.resolve();
      await Promise.allSettled([consumer.ack(message), resetting]);
      expect(await broker.admin.stats(), `an acknowledgement ${later} steps later`).toMatchObject({ unsettled: 0 });
      await reset();
    }
  });
});

// The dead letters came back as if they were not there, over the ones that the reset had brought back already: the lease of the first was
// forgotten, and the next one of its message group went out beside it.
test('a redrive after a reset backwards leaves the messages that are there already as they are', async () => {
  const producer = broker.createProducer();
  for (let i = 0; i < 3; i++) await producer.send({ topic: 'orders', body: `${i}`, messageGroup: 'customer' });
  const consumer = await openConsumer();
  for (let i = 0; i < 3; i++) {
    const [message] = await consumer.receive({ maxMessages: 1 });
    if (message !== undefined) await consumer.forwardToDeadLetter(message);
  }
  await reset();
  const [first] = await consumer.receive({ maxMessages: 1 });
  if (first === undefined) throw new Error('the reset brought nothing back');
  await broker.admin.redriveDeadLetters('billing');
  expect(await consumer.receive({ maxMessages: 5 })).toEqual([]);
  await consumer.ack(first);
  const texts = [first.text()];
  for (let i = 0; i < 4; i++) {
    const messages = await consumer.receive({ maxMessages: 5 });
    texts.push(...messages.map((message) => message.text()));
    await consumer.ack(messages);
  }
  expect(texts).toEqual(['0', '1', '2']);
  expect(await broker.admin.getGroupProgress('billing')).toMatchObject([{ lag: 0, inflight: 0 }]);
  expect(await broker.admin.stats()).toMatchObject({ unsettled: 0 });
});

// After a death messages that may have caused it go out one at a time. Those that waited for their turn were due again when it came, also where a reset had
// come first: each of them was delivered there, and once more when the group came to it.
test('a reset delivers once what was waiting for its turn after a death', async () => {
  await broker.admin.createGroup('billing', { maxAttempts: 3 });
  await broker.admin.createTopic('others', { queueCount: 1 });
  const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*', others: '*' }, awaitDurationMs: 0 });
  for (const topic of ['orders', 'others']) await broker.createProducer().send({ topic, body: topic });
  await (await open()).receive();
  await broker.crash();
  await broker.reopen();
  const consumer = await open();
  const [suspect, ...more] = await consumer.receive();
  if (suspect === undefined || more.length > 0) throw new Error('one message was to be received');
  const [other] = ['orders', 'others'].filter((topic) => topic !== suspect.topic);
  await broker.admin.resetOffset('billing', { topic: other as string, to: 'earliest' });
  await consumer.ack(suspect);
  expect((await consumer.receive()).map(({ topic }) => topic)).toEqual([other]);
  await broker.close();
});
