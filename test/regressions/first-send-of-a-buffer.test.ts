import { expect, test } from 'vitest';
import { openTestBroker } from '../../src/testing/index.ts';

// A send that has to wait, as the first one to a topic does, copied its bytes with `slice`, which of a Buffer is a view of the same memory: what
// the caller wrote into the Buffer afterwards was stored.
test('the first send to a topic keeps the bytes that its Buffer had', async () => {
  const broker = await openTestBroker();
  const body = Buffer.from('before');
  const sending = broker.createProducer().send({ topic: 'new', body });
  body.fill('x');
  await sending;
  const consumer = await broker.createSimpleConsumer({ group: 'readers', subscriptions: { new: '*' } });
  const [message] = await consumer.receive({ awaitDurationMs: 0 });
  expect(message?.text()).toBe('before');
  await broker.close();
});
