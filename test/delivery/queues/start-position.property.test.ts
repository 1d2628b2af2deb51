import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeliveryContext } from '../../../src/delivery/delivery-context.ts';
import { resolveStart, startOffset } from '../../../src/delivery/queues/start-position.ts';
import { Topic } from '../../../src/delivery/topic.ts';
import { BrokerError } from '../../../src/model/errors.ts';
import { ConsumeQueue } from '../../../src/storage/index/consume-queue.ts';
import { logPosition } from '../../../src/storage/log-position.ts';
import { StillClock } from '../../storage/still-clock.ts';

interface Block {
  /** How much later than the block before. */
  readonly laterMs: number;
  /** Messages of the queue in it. */
  readonly messages: number;
  /** Messages of the queue that were lost before it. */
  readonly lost: number;
  /** The block cannot be read. */
  readonly isDamaged?: boolean;
}

const blocks: fc.Arbitrary<Block[]> = fc.array(
  fc.record({
    laterMs: fc.constantFrom(0, 1, 7),
    messages: fc.integer({ min: 1, max: 4 }),
    lost: fc.constantFrom(0, 0, 0, 1, 5),
    isDamaged: fc.constantFrom(false, false, false, true),
  }),
  { maxLength: 12 },
);

/** A queue whose messages lie in the given blocks, and the instant of each offset (`undefined` where it is lost or cannot be read). */
function queueOf(given: readonly Block[]): {
  queue: ConsumeQueue;
  storedAtMs: (number | undefined)[];
  context: DeliveryContext;
  reads: () => number;
} {
  const queue = new ConsumeQueue(1, 0, { end: 0, includes: 0 });
  const storedAtMs: (number | undefined)[] = [];
  const instants = new Map<number, number>();
  let now = 1000;
  for (const [index, { laterMs, messages, lost, isDamaged }] of given.entries()) {
    now += laterMs;
    if (!isDamaged) instants.set(index + 1, now);
    for (let i = 0; i < lost; i++) storedAtMs.push(undefined);
    for (let i = 0; i < messages; i++) {
      queue.publish(storedAtMs.length, logPosition(index + 1, i), 0, 0, 0);
      storedAtMs.push(isDamaged ? undefined : now);
    }
  }
  let reads = 0;
  const read = async (sequence: number): Promise<{ storedAtMs: number }> => {
    reads++;
    const storedAt = instants.get(sequence);
    if (storedAt === undefined) throw new BrokerError('MQ_STORE_CORRUPT', 'a damaged block');
    return { storedAtMs: storedAt };
  };
  const store = { log: { read }, index: { loadRun: async (of: ConsumeQueue, offset: number) => of.runInMemory(offset) } };
  return { queue, storedAtMs, context: { store, clock: new StillClock() } as unknown as DeliveryContext, reads: () => reads };
}

describe('the start of a group on a queue', () => {
  test('at an instant parts what was stored before it from the rest', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.integer({ min: 995, max: 1060 }), async (given, atMs) => {
        const { queue, storedAtMs, context } = queueOf(given);
        const start = await startOffset(context, queue, { atMs });
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start).toBeLessThanOrEqual(queue.end);
        for (const [offset, instant] of storedAtMs.entries()) if (instant !== undefined) expect(instant >= atMs).toBe(offset >= start);
      }),
    );
  });

  test('at an instant is found in few reads', async () => {
    const { queue, context, reads } = queueOf(Array.from({ length: 10_000 }, () => ({ laterMs: 1, messages: 1, lost: 0 })));
    expect(await startOffset(context, queue, { atMs: 8000 })).toBe(6999);
    expect(reads()).toBeLessThan(20);
  });

  test('is the first message or the end', async () => {
    const { queue, context } = queueOf([{ laterMs: 0, messages: 3, lost: 0 }]);
    expect(await startOffset(context, queue, 'earliest')).toBe(0);
    expect(await startOffset(context, queue, 'latest')).toBe(3);
  });

  test('in the future holds for queues and topics that come later', async () => {
    const { queue, context } = queueOf([{ laterMs: 0, messages: 3, lost: 0 }]);
    const topic = new Topic({ topicId: 4, name: 'orders' } as Topic['record'], [queue]);
    const atMs = context.clock.now() + 1000;
    expect(await resolveStart(context, topic, { atMs })).toEqual({ topicId: 4, starts: [3], notBeforeMs: atMs });
    expect(await resolveStart(context, undefined, { atMs })).toEqual({ notBeforeMs: atMs });
    expect(await resolveStart(context, undefined, 'latest')).toEqual({});
    expect(await resolveStart(context, topic, { atMs: 5 })).toEqual({ topicId: 4, starts: [0] });
  });
});
