import { BrokerError } from '../../model/errors.ts';
import type { StartFrom } from '../../model/group.ts';
import type { SubscriptionRecord } from '../../storage/index/catalogue.ts';
import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import { blockSequenceOf, NO_POSITION } from '../../storage/log-position.ts';
import { isCorruption } from '../../storage/store-errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topic } from '../topic.ts';

/** Where a group that has no position on a topic begins: an offset for each queue that exists, and an instant for what comes later. */
export async function resolveStart(
  context: DeliveryContext,
  topic: Topic | undefined,
  startFrom: StartFrom,
): Promise<Pick<SubscriptionRecord, 'topicId' | 'starts' | 'notBeforeMs'>> {
  const later = typeof startFrom === 'object' && startFrom.atMs > context.clock.now() ? { notBeforeMs: startFrom.atMs } : {};
  if (topic === undefined) return later;
  const starts = await Promise.all(topic.queues.map((queue) => startOffset(context, queue, startFrom)));
  return { topicId: topic.record.topicId, starts, ...later };
}

/**
 * An offset of a queue, or its end.
 * @throws BrokerError `MQ_ILLEGAL_OFFSET`
 */
export function offsetWithin({ end, queueId }: ConsumeQueue, offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0 && offset <= end) return offset;
  throw new BrokerError('MQ_ILLEGAL_OFFSET', `Offset ${String(offset)} is not in 0 to ${end} of queue ${queueId}`);
}

export async function startOffset(context: DeliveryContext, queue: ConsumeQueue, startFrom: StartFrom): Promise<number> {
  if (startFrom === 'earliest') return 0;
  if (startFrom === 'latest') return queue.end;
  return await firstOffsetStoredAt(context, queue, startFrom.atMs);
}

/** The first offset whose message was stored at `atMs` or later: stored instants never fall, so half of the queue is ruled out at each step. */
async function firstOffsetStoredAt(context: DeliveryContext, queue: ConsumeQueue, atMs: number): Promise<number> {
  let low = 0;
  let high = queue.end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const storedAtMs = await storedAt(context, queue, middle, high);
    if (storedAtMs === undefined || storedAtMs >= atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** When the message at an offset was stored, or the next one that can be read; `undefined` when there is none below `end`. */
async function storedAt(context: DeliveryContext, queue: ConsumeQueue, from: number, end: number): Promise<number | undefined> {
  let damaged = blockSequenceOf(NO_POSITION);
  for (let offset = from; offset < end; offset++) {
    const run = await context.store.index.loadRun(queue, offset);
    const sequence = blockSequenceOf(run.positionAt(offset));
    if (sequence === damaged || sequence === blockSequenceOf(NO_POSITION)) continue;
    try {
      return (await context.store.log.read(sequence)).storedAtMs;
    } catch (error) {
      // Its messages are lost; that is reported when they come up for delivery.
      if (!isCorruption(error)) throw error;
      damaged = sequence;
    }
  }
  return undefined;
}
