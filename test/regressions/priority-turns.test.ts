import { expect, test } from 'vitest';
import { openTestBroker } from '../../src/testing/index.ts';

// Whoever asked for the progress of a group had its consumers put their queues together anew, and the count of sixteen began again with that: with
// metrics that were read often enough, low priorities starved. Found by the model.
test('every sixteenth message is of the level that has waited longest, however often progress is asked for', async () => {
  const broker = await openTestBroker();
  await broker.admin.createTopic('alerts', { type: 'priority', queueCount: 1 });
  const consumer = await broker.createSimpleConsumer({ group: 'duty', subscriptions: { alerts: '*' }, awaitDurationMs: 0 });
  const producer = broker.createProducer();
  await producer.send({ topic: 'alerts', body: 'patient', priority: 0 });
  await producer.sendBatch(Array.from({ length: 40 }, (_, i) => ({ topic: 'alerts', body: `${i}`, priority: 9 })));
  const seen: string[] = [];
  while (seen.length < 41) {
    seen.push(...(await consumer.receive({ maxMessages: 5 })).map((message) => message.text()));
    await broker.admin.getGroupProgress('duty');
  }
  expect(seen.indexOf('patient')).toBe(15);
  await broker.close();
});
