import { describe, expect, test } from 'vitest';
import { ManualClock, openTestBroker, SimulatedDisk } from '../../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './restive-storage.ts';

// A group that is to go through a topic reads where it stands in each queue. Meanwhile the topic may go, and the disk may have a bad moment.

const openAs = { simple: 'createSimpleConsumer', pull: 'createPullConsumer' } as const;

// The group was attached when the deletion had found nothing to detach: its consumers received the messages of the deleted topic, for ever beside those of
// a new one with its name.
describe.each(['simple', 'pull'] as const)('a %s consumer that is opened while its topic is deleted', (kind) => {
  test('gets no message of the deleted topic, and those of the next one with its name', async () => {
    for (let later = 0; later < 60; later += 3) {
      const broker = await openTestBroker();
      await broker.admin.createTopic('orders', { queueCount: 2 });
      await broker.admin.createGroup('billing');
      await broker.createProducer().send({ topic: 'orders', body: 'deleted' });
      await broker.reopen();
      const opening = broker[openAs[kind]]({ group: 'billing', subscriptions: { orders: '*' } });
      for (let i = 0; i < later; i++) await undefined;
      await broker.admin.deleteTopic('orders');
      const consumer = await opening;
      expect(await broker.admin.getGroupProgress('billing'), `${later} steps later`).toEqual([]);
      await broker.admin.createTopic('orders', { queueCount: 1 });
      await broker.createProducer().send({ topic: 'orders', body: 'new' });
      const messages = 'poll' in consumer ? await consumer.poll() : await consumer.receive();
      expect(messages.map((message) => message.text())).toEqual(['new']);
      expect(await broker.admin.getGroupProgress('billing')).toHaveLength(1);
      await broker.close();
    }
  });
});

// The first group that could not be attached kept the others from it, and none of them ever got a message of the topic. The topic was there, but whoever
// created it was told that it could not be.
test('groups that cannot read their positions when a topic is created are attached as soon as they can', async () => {
  const plan = new ReadPlan();
  const clock = new ManualClock();
  const broker = await openTestBroker({ storage: restiveStorage(new SimulatedDisk(), plan), clock });
  const consumers = await Promise.all(
    ['archive', 'billing'].map((group) => broker.createSimpleConsumer({ group, subscriptions: { orders: '*' } })),
  );
  const errors: Error[] = [];
  broker.events.on('error', (error) => errors.push(error));
  plan.failing.add('index');
  await broker.admin.createTopic('orders', { queueCount: 1 });
  expect(errors.map(({ message }) => message)).toEqual(Array(2).fill(expect.stringContaining('bad moment')));
  plan.failing.clear();
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  await clock.advance(1_000);
  for (const consumer of consumers) expect(await consumer.receive({ awaitDurationMs: 0 })).toHaveLength(1);
  await broker.close();
});
