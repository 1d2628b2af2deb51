import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultPlan, openTestBroker, type TestBroker } from '../src/testing/index.ts';

const BODY = new Uint8Array(1000);
let failures: FaultPlan;
let broker: TestBroker;

beforeEach(async () => {
  failures = new FaultPlan();
  broker = await openTestBroker({ failures, limits: { maxQueuedBytes: 10_000 } });
  await broker.admin.createTopic('work');
});

afterEach(async () => {
  failures.thaw();
  await broker.close();
});

// Trap T10: writers that queue inside LevelDB block the threads that everybody shares.
test('one write is in flight, however many sends there are, and the next one takes all that came meanwhile', async () => {
  const producer = broker.createProducer();
  failures.freezeWrites();
  const before = failures.counters.writes.log;
  const sends = Array.from({ length: 8 }, () => producer.send({ topic: 'work', body: 'one' }));
  await broker.settle();
  const more = Array.from({ length: 100 }, () => producer.send({ topic: 'work', body: 'more' }));
  await broker.settle();
  expect([failures.counters.writes.log - before, failures.waitingCount]).toEqual([1, 1]);
  failures.thaw();
  await Promise.all([...sends, ...more]);
  expect(failures.counters.writes.log - before).toBe(2);
});

// Trap T11: writes that nobody awaits would fill the memory.
test('a full write queue lets sends wait for their turn', async () => {
  const producer = broker.createProducer();
  failures.freezeWrites();
  const sends = Array.from({ length: 100 }, () => producer.send({ topic: 'work', body: BODY }));
  await broker.settle();
  const { queuedBytes } = await broker.admin.stats();
  expect(queuedBytes).toBeGreaterThan(5000);
  expect(queuedBytes).toBeLessThanOrEqual(10_000);
  failures.thaw();
  const receipts = await Promise.all(sends);
  expect(new Set(receipts.map(({ messageId }) => messageId)).size).toBe(100);
});

test('a full write queue rejects the sends of a producer that asked for it, and takes them again once there is room', async () => {
  const producer = broker.createProducer({ onFull: 'reject' });
  failures.freezeWrites();
  const outcomes = Promise.allSettled(Array.from({ length: 100 }, () => producer.send({ topic: 'work', body: BODY })));
  await broker.settle();
  failures.thaw();
  const refused = (await outcomes).filter((outcome) => outcome.status === 'rejected');
  expect(refused.length).toBeGreaterThan(80);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'MQ_BACKPRESSURE', retryable: true });
  await expect(producer.send({ topic: 'work', body: BODY })).resolves.toMatchObject({ topic: 'work' });
});
