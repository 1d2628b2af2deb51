import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestBroker, type TestBroker } from '../../src/testing/index.ts';

// Bytes that have to wait were copied with `slice`, which of a Buffer is a view of the same memory: what the caller wrote into the Buffer after
// his call was stored.
let broker: TestBroker;
beforeEach(async () => {
  broker = await openTestBroker();
});
afterEach(() => broker.close());

async function received(topic: string): Promise<string | undefined> {
  const consumer = await broker.createSimpleConsumer({ group: 'readers', subscriptions: { [topic]: '*' } });
  const [message] = await consumer.receive({ awaitDurationMs: 0 });
  return message?.text();
}

test('the first send to a topic, which waits for it, keeps the bytes that its Buffer had', async () => {
  const body = Buffer.from('before');
  const sending = broker.createProducer().send({ topic: 'new', body });
  body.fill('x');
  await sending;
  expect(await received('new')).toBe('before');
});

test('an atomic unit keeps the bytes that its Buffers had', async () => {
  await broker.atomic((unit) => {
    const bytes = Buffer.from('before');
    unit.send({ topic: 'new', body: bytes });
    unit.put('key', bytes);
    bytes.fill('x');
  });
  expect(await received('new')).toBe('before');
  expect(new TextDecoder().decode(await broker.store.get('key'))).toBe('before');
});
