import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageQueue, MessageView, PullConsumer } from '../src/index.ts';
import { openTestBroker, type TestBroker } from '../src/testing/index.ts';

// The law: whoever reads a queue gets its messages in their order and without a gap, from the position on that was committed last, or that was sought;
// a commit is kept over every death of the process, and no queue is read by two.

const TOPIC = 'readings';
const GROUP = 'readers';
const QUEUES = 3;

interface Send {
  readonly kind: 'send';
  readonly count: number;
}

/** What happens to all consumers. */
interface Turn {
  readonly kind: 'open' | 'crash' | 'restart';
}

/** What one of the consumers does. */
type Use = { readonly who: number } & (
  | { readonly kind: 'close' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'poll'; readonly most: number }
  | { readonly kind: 'seek'; readonly which: number; readonly where: number }
  | { readonly kind: 'assign'; readonly chosen: readonly number[] }
);

type Step = Send | Turn | Use;

const who = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const), who }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('poll' as const), who, most: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('seek' as const), who, which: fc.nat({ max: 2 }), where: fc.nat({ max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('assign' as const), who, chosen: fc.subarray([0, 1, 2]) }) },
);

/** What the application knows: what lies in each queue, what was committed, and what each reader comes to next. */
class Readings {
  readonly ends: number[] = new Array(QUEUES).fill(0);
  readonly committed: number[] = new Array(QUEUES).fill(0);
  consumers: PullConsumer[] = [];
  /** Next offsets of a consumer, by queue. */
  readonly next = new Map<PullConsumer, Map<number, number>>();

  readonly broker: TestBroker;

  constructor(broker: TestBroker) {
    this.broker = broker;
  }

  /** After every change of the assignment: a queue that is new to a consumer is read from the committed position on. */
  assigned(): void {
    const all: number[] = [];
    for (const consumer of this.consumers) {
      const before = this.next.get(consumer);
      const now = new Map<number, number>();
      for (const { queueId } of consumer.assignment()) now.set(queueId, before?.get(queueId) ?? (this.committed[queueId] as number));
      this.next.set(consumer, now);
      all.push(...now.keys());
    }
    expect(new Set(all).size, 'no queue has two readers').toBe(all.length);
  }

  heard(consumer: PullConsumer, messages: readonly MessageView[]): void {
    const next = this.next.get(consumer) as Map<number, number>;
    for (const { queueId, queueOffset } of messages) {
      expect(queueOffset, `the next message of queue ${queueId}`).toBe(next.get(queueId));
      next.set(queueId, queueOffset + 1);
    }
  }
}

async function take(readings: Readings, now: Step): Promise<void> {
  const { broker, consumers, next, ends } = readings;
  if (now.kind === 'send') {
    const messages = Array.from({ length: now.count }, () => ({ topic: TOPIC, body: 'x' }));
    for (const { queueId, queueOffset } of await broker.createProducer().sendBatch(messages)) ends[queueId] = queueOffset + 1;
  } else if (now.kind === 'open') {
    consumers.push(await broker.createPullConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' } }));
  } else if (now.kind === 'crash' || now.kind === 'restart') {
    await (now.kind === 'crash' ? broker.crash() : broker.close());
    readings.consumers = [];
    next.clear();
    await broker.reopen();
  } else if ('who' in now) {
    const consumer = consumers[now.who % Math.max(1, consumers.length)];
    if (consumer !== undefined) await use(readings, consumer, now);
  }
  readings.assigned();
}

async function use(readings: Readings, consumer: PullConsumer, now: Use): Promise<void> {
  const { next, committed, ends } = readings;
  const mine = next.get(consumer) as Map<number, number>;
  if (now.kind === 'close') {
    readings.consumers = readings.consumers.filter((other) => other !== consumer);
    next.delete(consumer);
    await consumer.close();
  } else if (now.kind === 'commit') {
    await consumer.commit();
    for (const [queueId, offset] of mine) committed[queueId] = offset;
  } else if (now.kind === 'poll') {
    const messages = await consumer.poll({ maxMessages: now.most, awaitDurationMs: 0 });
    readings.heard(consumer, messages);
    const isThere = [...mine].some(([queueId, offset]) => offset < (ends[queueId] as number));
    if (messages.length === 0) expect(isThere, 'something is there to be polled').toBe(false);
  } else if (now.kind === 'seek') {
    const [queueId] = [...mine.keys()].slice(now.which);
    if (queueId === undefined) return;
    const offset = Math.min(now.where, ends[queueId] as number);
    await consumer.seek(queueOf(queueId), offset);
    mine.set(queueId, offset);
  } else {
    try {
      consumer.assign(now.chosen.map(queueOf));
    } catch (error) {
      expect(error).toMatchObject({ code: 'MQ_QUEUE_IN_USE' });
    }
  }
}

function queueOf(queueId: number): MessageQueue {
  return { topic: TOPIC, queueId };
}

test('a queue is read in order and without a gap, from what was committed last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const broker = await openTestBroker();
      await broker.admin.createTopic(TOPIC, { queueCount: QUEUES });
      const readings = new Readings(broker);
      for (const now of steps) await take(readings, now);
      const last = await broker.createPullConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' } });
      readings.consumers.push(last);
      readings.assigned();
      for (const { queueId } of last.assignment())
        expect(await last.position(queueOf(queueId))).toBe(readings.next.get(last)?.get(queueId));
      await broker.close();
    }),
    { numRuns: 150 },
  );
});

test('after a power cut a queue is read from a position that was committed, or from the start', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }), fc.boolean(), async (polls, sync) => {
      const broker = await openTestBroker();
      await broker.admin.createTopic(TOPIC, { queueCount: 1 });
      const producer = broker.createProducer();
      await producer.sendBatch(Array.from({ length: 30 }, () => ({ topic: TOPIC, body: 'x' })));
      const consumer = await broker.createPullConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' } });
      const positions = [0];
      for (const most of polls) {
        await consumer.poll({ maxMessages: most });
        await consumer.commit();
        positions.push(await consumer.position(queueOf(0)));
      }
      // What was sent behind the commits took them to the disk.
      if (sync) await producer.send({ topic: 'other', body: 'x' }, { durability: 'sync' });
      await broker.powerCut({ survivors: 'some' });
      await broker.reopen();
      const next = await broker.createPullConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' } });
      const found = await next.position(queueOf(0));
      expect(sync ? [positions.at(-1)] : positions).toContain(found);
      await broker.close();
    }),
    { numRuns: 60 },
  );
});
