import { describe, expect, test } from 'vitest';
import type { DeliveryContext } from '../../../src/delivery/delivery-context.ts';
import type { GroupPort } from '../../../src/delivery/queues/group-port.ts';
import { GroupQueue } from '../../../src/delivery/queues/group-queue.ts';
import { Suspects } from '../../../src/delivery/queues/suspects.ts';
import { type Pick, putBack } from '../../../src/delivery/receiving/pick.ts';
import { pickFrom } from '../../../src/delivery/receiving/picking.ts';
import type { Topic } from '../../../src/delivery/topic.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { TagFilter } from '../../../src/model/tag-filter.ts';
import { ConsumeQueue } from '../../../src/storage/index/consume-queue.ts';
import { QueueProgress } from '../../../src/storage/index/queue-progress.ts';
import { groupKeyOf, hashMessageGroup } from '../../../src/storage/message-group-hash.ts';
import { ManualClock } from '../../../src/testing/index.ts';

const EVERYTHING = TagFilter.parse('*', DEFAULT_LIMITS);
const HASH = hashMessageGroup('a');
const KEY = groupKeyOf(HASH.high, HASH.low);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A queue with `count` messages of one message group, as an ordered group goes through it. */
function orderedQueue(
  count: number,
  more: Partial<DeliveryContext> = {},
  reportUnreadable: (error: Error) => void = () => undefined,
): GroupQueue {
  const queue = new ConsumeQueue(1, 0, { end: 0, includes: 0 });
  for (let offset = 0; offset < count; offset++) queue.publish(offset, 65_536 + offset, 0, HASH.high, HASH.low);
  const progress = new QueueProgress({ groupId: 1, topicId: 1, queueId: 0 }, 0, () => undefined);
  const process = { hold: () => () => undefined, defer: setImmediate };
  const context = { suspects: new Suspects(), process, ...more } as unknown as DeliveryContext;
  const wake = (): void => undefined;
  const group = { ordered: true, maxAttempts: 16, unsettled: 0, wake, mayTakeNew: () => true, reportUnreadable } as unknown as GroupPort;
  return new GroupQueue(context, group, { record: { name: 'orders' } } as unknown as Topic, { queue, progress });
}

function collected(queue: GroupQueue, most = 32): number[] {
  const picks: Pick[] = [];
  pickFrom(queue, picks, most, EVERYTHING);
  return picks.map((pick) => pick.offset);
}

describe('a queue of an ordered group', () => {
  test('gives one message of a message group at a time, lowest first', async () => {
    const queue = orderedQueue(4);
    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      const [offset, ...more] = collected(queue);
      expect(more).toEqual([]);
      order.push(offset ?? -1);
      queue.progress.settle(offset ?? -1);
      queue.unlock(KEY, offset ?? -1);
      await turn();
    }
    expect(order).toEqual([0, 1, 2, 3]);
    expect([queue.locks.size, queue.hasWork]).toEqual([0, false]);
  });

  test('goes on where the next of a message group was settled on its way to a consumer', async () => {
    const queue = orderedQueue(3);
    expect(collected(queue)).toEqual([0]);
    queue.progress.settle(0);
    queue.unlock(KEY, 0);
    await turn();
    // It was found as the next one, and its record as filtered came in between.
    queue.progress.settle(1);
    const now = collected(queue);
    await turn();
    expect([...now, ...collected(queue)]).toEqual([2]);
  });

  test('offers a pick again that came to nothing', () => {
    const queue = orderedQueue(2);
    const picks: Pick[] = [];
    pickFrom(queue, picks, 1, EVERYTHING);
    for (const pick of picks) putBack(pick);
    expect(collected(queue)).toEqual([0]);
  });

  // A closed broker went on reading once a second, for as long as the process lived, and logged each time that it could not.
  test('that cannot be read is read again until the broker is closed', async () => {
    const clock = new ManualClock();
    const log: { ended: Error | undefined } = { ended: undefined };
    let reads = 0;
    const loadRun = (): Promise<never> => Promise.reject(new Error(`read ${++reads} failed`));
    const store = { log, index: { loadRun } } as unknown as DeliveryContext['store'];
    const errors: string[] = [];
    const queue = orderedQueue(3, { clock, store }, ({ message }) => errors.push(message));
    queue.progress.settle(0);
    queue.comeBack(0);
    await clock.advance(2_000);
    expect([reads, errors.length]).toEqual([3, 3]);
    log.ended = new Error('the broker is closed');
    await clock.advance(10_000);
    expect([reads, errors.length]).toEqual([4, 3]);
  });
});
