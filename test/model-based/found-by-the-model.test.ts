import { describe, expect, test } from 'vitest';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';

// Each of these was a failing run of the model, made small.
describe('what random runs have found', () => {
  async function oneQueue(): Promise<Awaited<ReturnType<typeof openTestBroker>>> {
    const broker = await openTestBroker();
    await broker.admin.createTopic('orders', { queueCount: 1 });
    return broker;
  }

  // A dead letter that came back above the floor was still marked as settled, so that nobody gave its message group back to it.
  test('a redriven message of a message group is delivered after a crash, though an older message is still in flight', async () => {
    const broker = await oneQueue();
    const producer = broker.createProducer();
    const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
    const consumer = await open();
    await producer.send({ topic: 'orders', body: 'older' });
    await producer.send({ topic: 'orders', body: 'redriven', messageGroup: 'customer' });
    const messages = await consumer.receive();
    const second = messages.find((message) => message.text() === 'redriven');
    if (second !== undefined) await consumer.forwardToDeadLetter(second);
    await broker.admin.redriveDeadLetters('billing');
    const [progress] = await broker.admin.getGroupProgress('billing');
    expect(progress?.lag).toBe(2);
    await broker.crash();
    await broker.reopen();
    const again = await (await open()).receive();
    expect(again.map((message) => message.text()).sort()).toEqual(['older', 'redriven']);
  });

  // The wait of a retry outlived a power cut that took its hand-out: the message was new and waiting at the same time.
  test('a message whose hand-out a power cut took is not delivered twice', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const clock = new ManualClock();
      const broker = await openTestBroker({ clock, seed });
      await broker.admin.createGroup('billing', { retryPolicy: { kind: 'customized', delaysMs: [500] } });
      const open = () => broker.createPushConsumer({ group: 'billing', subscriptions: { orders: '*' }, listener: () => 'failure' });
      await broker.createProducer().send({ topic: 'orders', body: 'one' });
      // What the consumer causes is written after every barrier that there is.
      await open();
      await clock.settle();
      await broker.powerCut({ survivors: 'holes' });
      broker.forgetEvents();
      clock.set(clock.now() + 1_000);
      await broker.reopen();
      await open();
      await clock.advance(10_000);
      const attempts = broker.eventsOf('orders').flatMap((recorded) => (recorded.kind === 'delivered' ? [recorded.event.attempt] : []));
      expect(attempts, `seed ${seed}`).toEqual([...new Set(attempts)]);
      await broker.close({ deadlineMs: 0 });
    }
  });

  // Hand-outs and acknowledgements outlived a power cut that took their messages: the broker did not open again, or took the next message
  // with that offset for one that was settled.
  test('what was recorded of messages that a power cut took does not touch the messages that get their offsets', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const clock = new ManualClock();
      const broker = await openTestBroker({ clock, seed });
      await broker.admin.createTopic('orders', { queueCount: 1 });
      const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
      const consumer = await open();
      for (const body of ['a', 'b', 'c', 'd']) {
        await broker.createProducer().send({ topic: 'orders', body }, { durability: 'async' });
        const messages = await consumer.receive();
        if (body === 'b') for (const message of messages) await consumer.forwardToDeadLetter(message);
        else await consumer.ack(messages);
      }
      await broker.powerCut({ survivors: 'holes' });
      await broker.reopen();
      const again = await open();
      await again.ack(await again.receive());
      for (const { messageId } of (await broker.admin.listDeadLetters('billing')).items) expect(messageId).toMatch(/^01/);
      await broker.createProducer().send({ topic: 'orders', body: 'new' });
      expect(
        (await again.receive()).map((message) => message.text()),
        `seed ${seed}`,
      ).toEqual(['new']);
      // What was lost is reported as such, and not a second time as a block that cannot be read.
      const kinds = broker.recordedEvents.flatMap((recorded) => (recorded.kind === 'damage' ? [recorded.event.kind] : []));
      expect(kinds).not.toContain('corruptBlock');
      await broker.close({ deadlineMs: 0 });
    }
  });

  // A power cut took the redrive of a dead letter and left the hand-out that followed: it was a dead letter still, and delivered as well.
  test('a dead letter whose redrive a power cut took is no message that was in flight', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const broker = await openTestBroker({ seed });
      const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
      const consumer = await open();
      await broker.createProducer().send({ topic: 'orders', body: 'one' });
      for (const message of await consumer.receive()) await consumer.forwardToDeadLetter(message);
      await broker.createProducer().send({ topic: 'other', body: 'a barrier' });
      await broker.admin.redriveDeadLetters('billing');
      await consumer.receive();
      await broker.powerCut({ survivors: 'holes' });
      await broker.reopen();
      const [letters, messages] = [(await broker.admin.listDeadLetters('billing')).items.length, (await (await open()).receive()).length];
      expect(letters + messages, `seed ${seed}`).toBe(1);
      seen.add(letters === 1 ? 'a dead letter' : 'a message');
      await broker.close();
    }
    expect(seen.size).toBe(2);
  });
});
