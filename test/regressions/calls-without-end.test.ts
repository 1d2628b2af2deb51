import { describe, expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// A call that waits is told when its waiting is over. Where that came at a moment at which nobody was told, it went on waiting.

/** What a promise has come to after a while; a promise that never settles must not keep the test. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending';
  promise.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error),
  );
  await turns();
  return outcome;
}

// The abort came while messages were being looked at, which a filter then passed by: it was taken for a call that gets messages all the same,
// and waited until its time was over.
describe.each(['receive', 'poll'] as const)('a %s that is aborted', (verb) => {
  test('while it passes by what its filter does not want ends with MQ_ABORTED', async () => {
    const broker = await openTestBroker({ clock: new ManualClock() });
    await broker.admin.createTopic('orders', { queueCount: 1 });
    await broker.createProducer().send({ topic: 'orders', body: 'x', properties: { country: 'US' } });
    const options = { group: 'billing', subscriptions: { orders: { sql: "country = 'CA'" } } };
    const ended = new AbortController();
    const { signal } = ended;
    const waiting =
      verb === 'receive'
        ? (await broker.createSimpleConsumer(options)).receive({ signal })
        : (await broker.createPullConsumer(options)).poll({ signal });
    ended.abort(new Error('enough'));
    expect(await outcomeOf(waiting)).toMatchObject({ code: 'MQ_ABORTED', cause: { message: 'enough' } });
    await broker.close();
  });
});

// The second call took the place of the first one, who was never told that the sends had ended.
test('both of two calls of close wait for the sends of a producer', async () => {
  const failures = new FaultPlan();
  const broker = await openTestBroker({ failures });
  const producer = broker.createProducer();
  await producer.send({ topic: 'orders', body: 'one' });
  failures.freezeWrites();
  let isSent = false;
  const sending = producer.send({ topic: 'orders', body: 'two' }).then(() => (isSent = true));
  const closing = Promise.all([producer.close(), producer.close()]);
  expect(await outcomeOf(closing)).toBe('pending');
  expect(isSent).toBe(false);
  failures.thaw();
  await sending;
  expect(await outcomeOf(closing)).toEqual([undefined, undefined]);
  await broker.close();
});
