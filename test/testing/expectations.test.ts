import { describe, expect, test } from 'vitest';
import type { MessageView } from '../../src/index.ts';
import { expectDeadLettered, expectDelivered, openTestBroker, type TestBroker } from '../../src/testing/index.ts';

async function failing(maxAttempts: number): Promise<{ broker: TestBroker; messageId: string }> {
  const broker = await openTestBroker();
  await broker.admin.createGroup('billing', { maxAttempts, retryPolicy: { kind: 'customized', delaysMs: [60_000] } });
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: '*' },
    listener: () => {
      throw new Error('the card was refused');
    },
  });
  const { messageId } = await broker.createProducer().send({ topic: 'orders', body: 'order' });
  return { broker, messageId };
}

describe('what a test expects', () => {
  test('a delivery is found, waited for on the virtual clock, and answered', async () => {
    const { broker, messageId } = await failing(5);
    expect(await expectDelivered(broker, { group: 'billing', topic: 'orders' })).toMatchObject({ attempt: 1, messageId });
    const startedAtMs = broker.clock.now();
    await expectDelivered(broker, { group: 'billing', topic: 'orders', messageId, attempt: 3, withinMs: 600_000 });
    expect(broker.clock.now() - startedAtMs).toBe(120_000);
  });

  test('a delivery that does not come is an AssertionError that tells what came', async () => {
    const { broker, messageId } = await failing(5);
    const missing = expectDelivered(broker, { group: 'billing', topic: 'orders', attempt: 2, withinMs: 59_999 });
    await expect(missing).rejects.toMatchObject({ name: 'AssertionError' });
    await expect(missing).rejects.toThrow(messageId);
    await expect(missing).rejects.toThrow('the card was refused');
    await expect(expectDelivered(broker, { group: 'nobody', topic: 'orders' })).rejects.toThrow(
      'There was no delivery with {"group":"nobody"',
    );
  });

  test('a dead letter is found by its reason', async () => {
    const { broker, messageId } = await failing(2);
    await expect(expectDeadLettered(broker, { group: 'billing' })).rejects.toThrow('There was no dead letter');
    const found = await expectDeadLettered(broker, { group: 'billing', messageId, reason: /card was refused/, withinMs: 60_000 });
    expect(found).toMatchObject({ topic: 'orders', attempts: 2 });
    await expect(expectDeadLettered(broker, { group: 'billing', reason: 'something else' })).rejects.toThrow('There was no dead letter');
  });

  test('drain lets all attempts pass, up to the dead letter', async () => {
    const { broker } = await failing(4);
    const startedAtMs = broker.clock.now();
    await broker.drain();
    expect(broker.clock.now() - startedAtMs).toBe(180_000);
    expect((await broker.admin.listDeadLetters('billing')).items).toHaveLength(1);
  });

  test('drain says what is left when no time will move it', async () => {
    const broker = await openTestBroker();
    const consumer = await broker.createPushConsumer({ group: 'billing', subscriptions: { orders: '*' }, listener: () => {} });
    consumer.pause();
    await broker.createProducer().send({ topic: 'orders', body: 'order' });
    await expect(broker.drain()).rejects.toThrow(/group "billing", topic "orders", queue \d: 1 messages/);
    consumer.resume();
    await broker.drain();
  });

  // A flow that sends delay messages was judged before they were due: `drain` knew only of what lies in the queues.
  test('drain waits for delay messages of the topics that are pushed, and for no others', async () => {
    const broker = await openTestBroker();
    const producer = broker.createProducer();
    const seen: string[] = [];
    const listener = (message: MessageView): void => void seen.push(message.text());
    await broker.createPushConsumer({ group: 'reminders', subscriptions: { later: '*', never: '*' }, listener });
    await producer.send({ topic: 'later', body: 'in forty days', delayMs: 40 * 86_400_000 });
    await producer.send({ topic: 'elsewhere', body: 'to nobody', delayMs: 40 * 86_400_000 });
    await expect(broker.drain({ withinMs: 1000 })).rejects.toThrow('topic "later": 1 delay messages that wait for their time');
    await broker.drain();
    expect(seen).toEqual(['in forty days']);
  });

  test('drain ends within its time', async () => {
    const { broker } = await failing(1_000);
    await expect(broker.drain({ withinMs: 120_000 })).rejects.toThrow('120000 ms have passed');
  });
});
