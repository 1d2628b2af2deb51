import { describe, expect, test } from 'vitest';
import { Broker, type Message, type MessageView } from '../../src/index.ts';
import { ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../../src/testing/index.ts';

// Limits may be raised. Raised so far that a record could not hold what they allow, they were believed all the same.

const FAR_MS = Number.MAX_SAFE_INTEGER;
const wide = { maxPropertiesBytes: 1_000_000 };

async function sentAndReceived(message: Omit<Message, 'topic'>): Promise<MessageView> {
  await using broker = await Broker.open({ storage: 'memory', limits: { ...wide, maxTagBytes: 65_535, maxMessageGroupBytes: 65_535 } });
  await broker.createProducer().send({ topic: 'orders', ...message });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  const [received] = await consumer.receive({ awaitDurationMs: 0 });
  return received as MessageView;
}

describe('a text whose length takes more than 16 bits', () => {
  // The length was cut to 16 bits: the rest of the text was read as what comes behind it, and the body began in the middle of a tag.
  test.each(['maxTagBytes', 'maxMessageGroupBytes', 'maxKeys', 'maxProperties'])('cannot be allowed by %s', async (name) => {
    await expect(Broker.open({ storage: 'memory', limits: { [name]: 65_536 } })).rejects.toMatchObject({
      code: 'MQ_ILLEGAL_ARGUMENT',
      message: `limits.${name} must be an integer from 1 to 65535, not 65536`,
    });
  });

  test('is refused as a key, and as the name of a property', async () => {
    await using broker = await Broker.open({ storage: 'memory', limits: wide });
    const producer = broker.createProducer();
    const text = 'x'.repeat(65_536);
    await expect(producer.send({ topic: 'orders', body: 'b', keys: [text] })).rejects.toMatchObject({ code: 'MQ_ILLEGAL_MESSAGE_KEY' });
    const named = producer.send({ topic: 'orders', body: 'b', properties: { [text]: '1' } });
    await expect(named).rejects.toMatchObject({ code: 'MQ_ILLEGAL_MESSAGE_PROPERTY_KEY' });
  });

  test('is stored whole one byte before', async () => {
    const text = 'x'.repeat(65_535);
    const received = await sentAndReceived({ body: 'b', tag: text, keys: [text], messageGroup: text, properties: { [text]: text } });
    expect(received).toMatchObject({ tag: text, keys: [text], messageGroup: text, properties: { [text]: text } });
    expect(received.text()).toBe('b');
  });
});

describe('an instant that no number can tell', () => {
  async function reopened(use: (broker: TestBroker, clock: ManualClock) => Promise<void>): Promise<TestBroker> {
    const clock = new ManualClock();
    const limits = { maxDelayMs: FAR_MS, maxInvisibleDurationMs: FAR_MS };
    const transaction = { checkImmunityMs: 0, checkIntervalMs: FAR_MS };
    const broker = await openTestBroker({ clock, limits, transaction, storage: new SimulatedDisk() });
    await use(broker, clock);
    await broker.crash();
    await broker.reopen();
    return broker;
  }

  // The sum of now and the duration was written down, and no later opening could read it: the store was lost.
  test('is the end of a lease that is as long as its limit allows', async () => {
    const broker = await reopened(async (before) => {
      await before.createProducer().send({ topic: 'orders', body: 'x' });
      const consumer = await before.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
      const [message] = await consumer.receive({ awaitDurationMs: 0, invisibleDurationMs: FAR_MS });
      await consumer.changeInvisibleDuration(message as MessageView, FAR_MS);
    });
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    expect(await consumer.receive({ awaitDurationMs: 0 })).toHaveLength(1);
    await broker.close();
  });

  test('is the time of a delay message that is delayed as its limit allows', async () => {
    let handle = '';
    const broker = await reopened(async (before) => {
      const receipt = await before.createProducer().send({ topic: 'orders', body: 'x', delayMs: FAR_MS });
      handle = receipt.recallHandle ?? '';
    });
    expect((await broker.admin.listDelayed('orders')).items).toMatchObject([{ deliverAtMs: FAR_MS, recallHandle: handle }]);
    await broker.createProducer().recall('orders', handle);
    await broker.close();
  });

  test('is when a producer is asked again about a transaction', async () => {
    const broker = await reopened(async (before, clock) => {
      const producer = before.createProducer({ transactionChecker: () => 'unknown' });
      await producer.beginTransaction().send({ topic: 'orders', body: 'x' });
      await clock.advance(10);
    });
    expect((await broker.admin.listTransactions()).items).toMatchObject([{ checks: 1, state: 'pending' }]);
    await broker.close();
  });
});
