import { beforeAll, expect, test } from 'vitest';
import { defineTopic, type MessageView, type Producer } from '../src/index.ts';
import { openTestBroker, type TestBroker } from '../src/testing/index.ts';

// Texts that sent a user the wrong way: they named another option than the one that was wrong, told of remedies that were none, left out the case that
// had happened, or did not say which of many messages it was.

let broker: TestBroker;
let producer: Producer;

beforeAll(async () => {
  broker = await openTestBroker();
  producer = broker.createProducer();
  for (const type of ['fifo', 'delay', 'transaction'] as const) await broker.admin.createTopic(`only-${type}`, { type });
  await producer.sendBatch(['a', 'b'].map((body) => ({ topic: 'orders', body, partitionKey: 'one queue' })));
  return () => broker.close();
});

/** What a call that a type would refuse is told. */
async function told(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

const wrong = <T>(value: unknown): T => value as T;

test.each([
  ['fifo', 'a message without a messageGroup'],
  ['delay', 'a message without deliverAtMs, delayMs or delayLevel'],
  ['transaction', 'a message that no transaction of producer.beginTransaction sends'],
])('a topic of the type %s says what a plain message lacks', async (type, lacks) => {
  const text = await told(() => producer.send({ topic: `only-${type}`, body: 'x' }));
  expect(text).toContain(`is of type '${type}' and does not accept ${lacks}; `);
});

test('seek and resetOffset name themselves, and where they go', async () => {
  const consumer = await broker.createPullConsumer({ group: 'export', subscriptions: { orders: '*' } });
  const [queue = { topic: 'orders', queueId: 0 }] = consumer.assignment();
  expect(await told(() => consumer.seek(queue, wrong('end')))).toBe(`seek goes to an offset, 'earliest', 'latest' or { atMs }, not "end"`);
  expect(await told(() => broker.admin.resetOffset('export', { topic: 'orders', to: wrong(5) }))).toBe(
    "resetOffset goes to 'earliest', 'latest', { atMs } or { offset }, not 5",
  );
  await consumer.close();
});

test('a Date is called one, where milliseconds are wanted', async () => {
  const text = await told(() => producer.send({ topic: 'orders', body: 'x', deliverAtMs: wrong(new Date(0)) }));
  expect(text).toBe('deliverAtMs of a message must be a number, not a Date');
});

test('administration asks for the name of a typed topic', async () => {
  expect(await told(() => broker.admin.listDelayed(wrong(defineTopic('orders'))))).toBe(
    'A topic name must be a string, such as the name of a typed topic, not an object',
  );
});

test('a receipt without a recall handle is told from a wrong handle', async () => {
  const { recallHandle } = await producer.send({ topic: 'others', body: 'x' });
  expect(await told(() => producer.recall('others', wrong(recallHandle)))).toContain('which only that of a delay message that waits has');
});

test('a message that was polled cannot be acknowledged, and commit is named', async () => {
  const consumer = await broker.createPullConsumer({ group: 'copy', subscriptions: { orders: '*' } });
  const [polled] = await consumer.poll();
  const text = await told(() => broker.atomic((unit) => unit.ack(wrong<MessageView>(polled))));
  expect(text).toContain('what was polled counts as done by commit()');
  await consumer.close();
});

test('of several messages an expired handle tells which one, and that it may have been settled', async () => {
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  const [first, second] = await consumer.receive({ maxMessages: 2 });
  if (first === undefined || second === undefined) throw new Error('two messages were expected');
  await consumer.ack(second);
  const refused = broker.atomic((unit) => unit.ack([first, second]));
  await expect(refused).rejects.toMatchObject({
    code: 'MQ_RECEIPT_HANDLE_EXPIRED',
    message: expect.stringContaining('the message was settled or delivered again'),
    details: { topic: 'orders', queueId: second.queueId, queueOffset: second.queueOffset },
  });
  await consumer.changeInvisibleDuration(first, 0);
  await expect(consumer.ack([first])).rejects.toMatchObject({ details: { queueOffset: first.queueOffset } });
  await consumer.close();
});
