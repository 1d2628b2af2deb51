import { expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// A redrive goes on for a while, and what it was begun for may change under it. It found that out for the first batch, or for the first topic, and took dead
// letters off their list whose delivery was nobody's concern any more: they were counted as redriven, and were nowhere.

/** A group that has given up on messages of these topics. */
async function givenUp(topics: readonly string[], count: number): Promise<{ broker: TestBroker; failures: FaultPlan }> {
  const failures = new FaultPlan();
  const broker = await openTestBroker({ clock: new ManualClock(), failures });
  await broker.admin.createGroup('billing', { maxAttempts: 1 });
  const subscriptions = Object.fromEntries(topics.map((topic) => [topic, '*']));
  const consumer = await broker.createPushConsumer({ group: 'billing', subscriptions, listener: () => 'failure' });
  for (const topic of topics) {
    await broker.admin.createTopic(topic, { queueCount: 1 });
    await broker.createProducer().sendBatch(Array.from({ length: count }, (_, i) => ({ topic, body: `${topic} ${i}` })));
  }
  await broker.drain();
  await consumer.close();
  return { broker, failures };
}

async function letters({ admin }: TestBroker): Promise<number> {
  return (await admin.listDeadLetters('billing', { limit: 1000 })).items.length;
}

test('dead letters that are redriven to a topic stay in the list once it is deleted', async () => {
  const { broker, failures } = await givenUp(['orders'], 600);
  await broker.admin.createTopic('retries');
  failures.freezeBarriers();
  const redriving = broker.admin.redriveDeadLetters('billing', { to: 'retries' });
  redriving.catch(() => undefined);
  await turns();
  const deleting = broker.admin.deleteTopic('retries');
  failures.thaw();
  await deleting;
  await expect(redriving).rejects.toMatchObject({ code: 'MQ_TOPIC_NOT_FOUND' });
  // A batch has 256 of them; those of the first one were messages of the topic when it was deleted.
  expect(await letters(broker)).toBe(600 - 256);
  await broker.close();
});

test('a redrive of a group that is deleted meanwhile is refused', async () => {
  const { broker, failures } = await givenUp(['orders'], 600);
  failures.freezeWrites();
  const redriving = broker.admin.redriveDeadLetters('billing');
  redriving.catch(() => undefined);
  await turns();
  const deleting = broker.admin.deleteGroup('billing');
  failures.thaw();
  await deleting;
  await expect(redriving).rejects.toMatchObject({ code: 'MQ_CONSUMER_GROUP_NOT_FOUND' });
  await broker.close();
});

test('dead letters of several topics are redriven to their group also while its order changes', async () => {
  for (let later = 0; later < 6000; later += 200) {
    const { broker, failures } = await givenUp(['orders', 'refunds'], 100);
    failures.freezeBarriers();
    const updating = broker.admin.updateGroup('billing', { ordered: false });
    await turns(5);
    const redriving = broker.admin.redriveDeadLetters('billing');
    for (let i = 0; i < later; i++) await undefined;
    failures.thaw();
    await updating;
    expect(await redriving).toEqual({ redriven: 200 });
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*', refunds: '*' } });
    await broker.settle();
    expect(await consumer.receive({ maxMessages: 200, awaitDurationMs: 0 }), `${later} steps later`).toHaveLength(200);
    await broker.close();
  }
});

test('dead letters of a topic whose deletion is on its way stay in the list', async () => {
  const { broker, failures } = await givenUp(['orders'], 3);
  failures.freezeWrites();
  const deleting = broker.admin.deleteTopic('orders');
  await turns();
  const redriving = broker.admin.redriveDeadLetters('billing');
  redriving.catch(() => undefined);
  await turns();
  failures.thaw();
  await deleting;
  await expect(redriving).rejects.toMatchObject({ code: 'MQ_TOPIC_NOT_FOUND' });
  expect(await letters(broker)).toBe(3);
  await broker.close();
});
