import { describe, expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';
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

// A read that failed was tried again after a second, by the call that had asked for it and by everybody who came meanwhile; each time the call found that
// something was being read, and that it had to wait for it.
test('a receive that does not wait ends while the index cannot be read, which is tried once a second whoever comes', async () => {
  const [clock, reads] = [new ManualClock(), new ReadPlan()];
  const broker = await openTestBroker({ clock, storage: restiveStorage(new SimulatedDisk(), reads) });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const producer = broker.createProducer();
  await producer.sendBatch(Array.from({ length: 3000 }, (_, i) => ({ topic: 'orders', body: `${i}` })));
  await broker.reopen();
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  await consumer.ack(await consumer.receive({ maxMessages: 1024 }));
  const errors: Error[] = [];
  broker.events.on('error', (error) => errors.push(error));
  reads.failing.add('index');
  expect(await outcomeOf(consumer.receive({ awaitDurationMs: 0 }))).toEqual([]);
  const waiting = consumer.receive({ awaitDurationMs: 60_000, maxMessages: 1024 });
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 3; i++) await broker.createProducer().send({ topic: 'orders', body: 'another' });
    expect(await outcomeOf(consumer.receive({ awaitDurationMs: 0 }))).toEqual([]);
    await clock.advance(1_000);
  }
  expect(errors.length).toBeLessThanOrEqual(11);
  reads.failing.clear();
  await clock.advance(1_000);
  expect(await outcomeOf(waiting)).toHaveLength(1024);
  await broker.close();
});

// Whoever waited for room was told when the broker died, and whoever was a step short of the gate then waited there, for room that nobody would make: so did
// the death, for the sends of its producers.
test('a send on its way to a full queue when the broker dies is told so', async () => {
  const [clock, failures] = [new ManualClock(), new FaultPlan()];
  const broker = await openTestBroker({ clock, failures });
  const producer = broker.createProducer();
  await producer.send({ topic: 'orders', body: 'one' });
  failures.freezeBarriers();
  await producer.send({ topic: 'orders', body: 'two' }, { durability: 'async' });
  await clock.advance(2_000);
  const calls = [
    producer.send({ topic: 'orders', body: 'three' }),
    producer.sendBatch([{ topic: 'orders', body: 'four', dedupKey: 'four' }]),
    broker.atomic((unit) => unit.send({ topic: 'orders', body: 'five' })),
  ];
  const outcomes = Promise.all(calls.map(outcomeOf));
  const dying = broker.crash();
  expect(await outcomes).toMatchObject(calls.map(() => ({ code: 'MQ_BROKER_NOT_OPEN' })));
  failures.thaw();
  expect(await outcomeOf(dying)).toBeUndefined();
});
