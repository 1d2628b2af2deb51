import { expect, test } from 'vitest';
import { isBrokerError, type MessageView, type SimpleConsumer } from '../../src/index.ts';
import { openTestBroker, type TestBroker } from '../../src/testing/index.ts';

// Calls that end one delivery in different ways, made in the same turn. Each of them found the message free and claimed it a step later, when another one
// had claimed it too: a message was acknowledged in an atomic unit and was a dead letter as well, and one that was given back twice was delivered twice.

interface Scene {
  readonly broker: TestBroker;
  readonly consumer: SimpleConsumer;
  readonly message: MessageView;
}

async function received(): Promise<Scene> {
  const broker = await openTestBroker();
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  const [message] = await consumer.receive();
  if (message === undefined) throw new Error('nothing was received');
  return { broker, consumer, message };
}

/** How calls ended, in their order. */
async function outcomes(...calls: readonly Promise<unknown>[]): Promise<string[]> {
  const results = await Promise.allSettled(calls);
  return results.map((result) => {
    if (result.status === 'fulfilled') return 'done';
    return isBrokerError(result.reason) ? result.reason.code : String(result.reason);
  });
}

async function deadLetters({ admin }: TestBroker): Promise<number> {
  return (await admin.listDeadLetters('billing')).items.length;
}

function eventsOf(broker: TestBroker, kind: string): number {
  return broker.eventsOf('orders').filter((event) => event.kind === kind).length;
}

test('a message that is forwarded to the dead letters is not acknowledged in an atomic unit', async () => {
  const { broker, consumer, message } = await received();
  const forwarding = consumer.forwardToDeadLetter(message);
  const unit = broker.atomic((work) => {
    work.ack(message);
    work.put('invoice', 'written');
  });
  expect(await outcomes(forwarding, unit)).toEqual(['done', 'MQ_RECEIPT_HANDLE_EXPIRED']);
  expect([await deadLetters(broker), await broker.store.get('invoice')]).toEqual([1, undefined]);
  await broker.close();
});

test('a message that is acknowledged in an atomic unit is not forwarded to the dead letters', async () => {
  const { broker, consumer, message } = await received();
  const unit = broker.atomic((work) => work.ack(message));
  expect(await outcomes(unit, consumer.forwardToDeadLetter(message))).toEqual(['done', 'done']);
  expect([await deadLetters(broker), eventsOf(broker, 'acked')]).toEqual([0, 1]);
  await broker.close();
});

test('a message that is forwarded to the dead letters is not acknowledged, which succeeds all the same', async () => {
  const { broker, consumer, message } = await received();
  expect(await outcomes(consumer.forwardToDeadLetter(message), consumer.ack(message))).toEqual(['done', 'done']);
  expect([await deadLetters(broker), eventsOf(broker, 'acked')]).toEqual([1, 0]);
  await broker.close();
});

test('a message that is forwarded to the dead letters twice gets there once', async () => {
  const { broker, consumer, message } = await received();
  expect(await outcomes(consumer.forwardToDeadLetter(message), consumer.forwardToDeadLetter({ ...message }))).toEqual(['done', 'done']);
  expect([await deadLetters(broker), eventsOf(broker, 'deadLettered')]).toEqual([1, 1]);
  await broker.close();
});

test('a message that is given back twice is delivered once', async () => {
  const { broker, consumer, message } = await received();
  const waiting = [1, 2].map(() => consumer.receive({ awaitDurationMs: 1_000 }).catch(() => []));
  const givenBack = [message, { ...message }].map((view) => consumer.changeInvisibleDuration(view, 0));
  expect(await outcomes(...givenBack)).toEqual(['done', 'MQ_RECEIPT_HANDLE_EXPIRED']);
  await broker.settle();
  expect(eventsOf(broker, 'delivered')).toBe(2);
  await broker.close();
  expect((await Promise.all(waiting)).flat()).toHaveLength(1);
});

test('a lease that is given back is not made longer', async () => {
  const { broker, consumer, message } = await received();
  const calls = [0, 60_000].map((durationMs) => consumer.changeInvisibleDuration(message, durationMs));
  expect(await outcomes(...calls)).toEqual(['done', 'MQ_RECEIPT_HANDLE_EXPIRED']);
  expect(await consumer.receive()).toHaveLength(1);
  await broker.close();
});

test('of two calls that make a lease longer one gets the new handle', async () => {
  const { broker, consumer, message } = await received();
  const calls = [1, 2].map((minutes) => consumer.changeInvisibleDuration(message, minutes * 60_000));
  expect(await outcomes(...calls)).toEqual(['done', 'MQ_RECEIPT_HANDLE_EXPIRED']);
  await broker.close();
});
