import { expect, test } from 'vitest';
import type { MessageView } from '../../../src/index.ts';
import { openTestBroker } from '../../../src/testing/index.ts';

// What settles a message looks at the receipt handle alone. The new handle of a longer lease named the offset that the given view told, and so nothing
// where only a handle had been kept.
test('a lease that is made longer by its handle alone has a handle that settles the message', async () => {
  const broker = await openTestBroker();
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  for (const body of ['one', 'two']) await broker.createProducer().send({ topic: 'orders', body });
  const [, second] = await consumer.receive();
  const kept = { receiptHandle: second?.receiptHandle } as MessageView;
  const { receiptHandle } = await consumer.changeInvisibleDuration(kept, 60_000);
  await consumer.ack({ receiptHandle } as MessageView);
  expect(await broker.admin.getGroupProgress('billing')).toMatchObject([{ lag: 1, inflight: 1 }]);
  await broker.close();
});
