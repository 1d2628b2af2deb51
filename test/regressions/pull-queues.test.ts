import { describe, expect, test } from 'vitest';
import type { MessageQueue, PullConsumer } from '../../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';
import { turns } from './turns.ts';

// What a pull consumer has asked for is about a queue by its name, and holds until something else is asked for. The queue may be another one meanwhile,
// and what was to happen to it may not have happened.

const QUEUE: MessageQueue = { topic: 'orders', queueId: 0 };

async function send(broker: TestBroker, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await broker.createProducer().send({ topic: 'orders', body });
}

function pull(broker: TestBroker): Promise<PullConsumer> {
  return broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } });
}

async function polled(consumer: PullConsumer, maxMessages = 32): Promise<string[]> {
  return (await consumer.poll({ maxMessages, awaitDurationMs: 0 })).map((message) => message.text());
}

describe('a topic that is deleted and created again', () => {
  // The choice was for the queues of the topic that was gone: the consumer had none of the new one, and nobody else had them either where all of them
  // were chosen.
  test('is read by those who chose its queues', async () => {
    const broker = await openTestBroker();
    await broker.admin.createTopic('orders', { queueCount: 2 });
    const [first, second] = [await pull(broker), await pull(broker)];
    first.assign([QUEUE]);
    await broker.admin.deleteTopic('orders');
    expect([first.assignment(), second.assignment()]).toEqual([[], []]);
    await broker.admin.createTopic('orders', { queueCount: 2 });
    expect([first.assignment(), second.assignment()]).toEqual([[QUEUE], [{ ...QUEUE, queueId: 1 }]]);
    expect(() => second.assign([QUEUE])).toThrow(expect.objectContaining({ code: 'MQ_QUEUE_IN_USE' }));
    await send(broker, ['a', 'b']);
    expect([...(await polled(first)), ...(await polled(second))].sort()).toEqual(['a', 'b']);
    await broker.close();
  });

  // The seek moved the queue that was gone, and said that it had moved the one that had taken its place.
  test('is sought where the seek was to go, although that was looked for in the topic before', async () => {
    const plan = new ReadPlan();
    const broker = await openTestBroker({ storage: restiveStorage(new SimulatedDisk(), plan) });
    await broker.admin.createTopic('orders', { queueCount: 1 });
    await send(broker, ['deleted']);
    await broker.reopen();
    const consumer = await pull(broker);
    plan.hold();
    const seeking = consumer.seek(QUEUE, { atMs: 0 });
    await turns();
    await broker.admin.deleteTopic('orders');
    await broker.admin.createTopic('orders', { queueCount: 1 });
    await send(broker, ['new']);
    expect(await polled(consumer)).toEqual(['new']);
    plan.release();
    await seeking;
    expect(await polled(consumer)).toEqual(['new']);
    await broker.close();
  });
});

describe('a reset of a pull group that the disk refuses', () => {
  /** Asks for a reset whose write is refused, and then lets the stores heal. */
  async function refusedReset(broker: TestBroker, failures: FaultPlan, clock: ManualClock, meanwhile: () => Promise<void>): Promise<void> {
    failures.freezeWrites();
    const sending = broker.createProducer({ maxAttempts: 1 }).send({ topic: 'orders', body: 'in flight' });
    await turns();
    const resetting = broker.admin.resetOffset('archive', { topic: 'orders', to: 'earliest' });
    await turns();
    const others = meanwhile();
    failures.fill();
    failures.thaw();
    await expect(resetting).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
    failures.free();
    await clock.advance(60_000);
    await Promise.allSettled([sending, others]);
  }

  async function halfRead(): Promise<{ broker: TestBroker; consumer: PullConsumer; failures: FaultPlan; clock: ManualClock }> {
    const [failures, clock] = [new FaultPlan(), new ManualClock()];
    const broker = await openTestBroker({ failures, clock });
    await broker.admin.createTopic('orders', { queueCount: 1 });
    await send(broker, ['a', 'b', 'c', 'd']);
    const consumer = await pull(broker);
    expect(await polled(consumer, 2)).toEqual(['a', 'b']);
    return { broker, consumer, failures, clock };
  }

  // It took the consumer back to the position that was stored: what had been polled, or what a seek had left out, came all the same.
  test('leaves its consumer where it was', async () => {
    const { broker, consumer, failures, clock } = await halfRead();
    await consumer.seek(QUEUE, 3);
    await refusedReset(broker, failures, clock, () => Promise.resolve());
    expect(await consumer.position(QUEUE)).toBe(3);
    expect(await polled(consumer, 1)).toEqual(['d']);
    await broker.close();
  });

  // The commit left the queue to the reset, and resolved at once: what it had not stored came again after a death.
  test('does not keep a commit from being stored', async () => {
    const { broker, consumer, failures, clock } = await halfRead();
    let isCommitted = false;
    await refusedReset(broker, failures, clock, async () => {
      await consumer.commit();
      isCommitted = true;
    });
    expect(isCommitted).toBe(true);
    await broker.crash();
    await broker.reopen();
    expect(await (await pull(broker)).position(QUEUE)).toBe(2);
    await broker.close();
  });
});
