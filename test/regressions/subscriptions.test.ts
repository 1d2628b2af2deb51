import { describe, expect, test } from 'vitest';
import { type FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../../src/testing/index.ts';

// What a group's members must agree on was checked before, and not after, the moments in which they wait for the disk.

async function oneQueue(options: { readonly clock?: ManualClock; readonly failures?: FaultPlan } = {}): Promise<TestBroker> {
  const broker = await openTestBroker(options);
  await broker.admin.createTopic('orders', { queueCount: 1 });
  return broker;
}

describe('two members that are opened at once', () => {
  // Both were let in. Each settled what the other one was waiting for.
  test('with different expressions are not both let in', async () => {
    const broker = await oneQueue();
    await broker.admin.createGroup('billing');
    const outcomes = await Promise.allSettled(
      ['paid', 'refunded'].map((tag) => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: tag } })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'MQ_SUBSCRIPTION_CONFLICT' } });
    await broker.close();
  });

  // Both found no start position and wrote one; the second one's 'latest' skipped what the first one had been promised.
  test('start where the one that came first asked to start', async () => {
    const broker = await oneQueue();
    await broker.admin.createGroup('billing');
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    const open = (startFrom: 'earliest' | 'latest') =>
      broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, startFrom });
    const [first] = await Promise.all([open('earliest'), open('latest')]);
    expect((await first.receive({ awaitDurationMs: 0 })).map((message) => message.text())).toEqual(['one']);
    await broker.reopen();
    expect(await broker.admin.getGroupProgress('billing')).toMatchObject([{ floor: 0, lag: 1 }]);
    await broker.close();
  });
});

// Locks of message groups, and what was passed over because of them, stayed from before the change: nobody ever gave them back.
test.each([true, false])(
  'a group whose `ordered` changes from %s delivers what was in flight and what waited behind it',
  async (ordered) => {
    const broker = await oneQueue();
    await broker.admin.createGroup('billing', { ordered });
    const producer = broker.createProducer();
    for (let i = 0; i < 3; i++) await producer.send({ topic: 'orders', body: `${i}`, messageGroup: 'customer' });
    const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    const before = await open();
    await before.receive({ maxMessages: 3, awaitDurationMs: 0 });
    await before.close();
    await broker.admin.updateGroup('billing', { ordered: !ordered });
    const after = await open();
    const texts: string[] = [];
    for (let i = 0; i < 4; i++) {
      const messages = await after.receive({ awaitDurationMs: 0 });
      texts.push(...messages.map((message) => message.text()));
      await after.ack(messages);
    }
    expect(texts).toEqual(['0', '1', '2']);
    expect(await broker.admin.stats()).toMatchObject({ unsettled: 0 });
    await broker.close();
  },
);

// The queues are put together anew, and what was left of a wait was reckoned as if it had begun before the opening: a broker that had been open for
// longer than a retry waits tried again at once.
test('a retry waits its time also when `ordered` changes meanwhile', async () => {
  const clock = new ManualClock();
  const broker = await oneQueue({ clock });
  await broker.admin.createGroup('billing', { retryPolicy: { kind: 'customized', delaysMs: [60_000] } });
  await clock.advance(3_600_000);
  const subscriptions = { orders: '*' };
  const failing = await broker.createPushConsumer({ group: 'billing', subscriptions, listener: () => 'failure' });
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  await clock.settle();
  await failing.close();
  await clock.advance(20_000);
  await broker.admin.updateGroup('billing', { ordered: false });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions, awaitDurationMs: 0 });
  await clock.advance(39_999);
  expect(await consumer.receive()).toEqual([]);
  await clock.advance(1);
  expect(await consumer.receive()).toMatchObject([{ deliveryAttempt: 2 }]);
  await broker.close();
});

// The listener's hand-out came to nothing within the commit of the send that had woken it, and started over there.
test('a push consumer that starts in the future lets sends through until then, and gets what comes after', async () => {
  const clock = new ManualClock();
  const broker = await oneQueue({ clock });
  const texts: string[] = [];
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: '*' },
    startFrom: { atMs: clock.now() + 60_000 },
    listener: (message) => {
      texts.push(message.text());
    },
  });
  const producer = broker.createProducer();
  for (const body of ['early', 'still early']) await producer.send({ topic: 'orders', body });
  await clock.advance(60_000);
  await producer.send({ topic: 'orders', body: 'in time' });
  await clock.settle();
  expect(texts).toEqual(['in time']);
  expect(await broker.admin.stats()).toMatchObject({ state: 'open', heals: 0, unsettled: 0 });
  await broker.close();
});
