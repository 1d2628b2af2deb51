import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from './group-queue.ts';

/** Entries that are looked at before the event loop gets its turn. */
const SLICE_ENTRIES = 16_384;

/**
 * Brings a queue's live state back from what the log knows: leases and waits get their deadlines, and [floor, frontier) is swept once
 * for message groups, so that the locks are those of before.
 */
export async function recallState(queue: GroupQueue, context: DeliveryContext): Promise<void> {
  const { progress } = queue;
  if (progress.unsettled.size === 0 && progress.floor === progress.frontier) return;
  const returned = [...progress.unsettled.keys()].filter((offset) => progress.settled.has(offset)).sort((left, right) => left - right);
  for (const offset of returned) await recallLock(queue, context, offset);
  await sweep(queue, context);
  restoreDeadlines(queue, context);
}

/** A message that was settled came back from the dead letters: it is the first of its message group. */
async function recallLock(queue: GroupQueue, context: DeliveryContext, offset: number): Promise<void> {
  if (!queue.group.ordered) return;
  const run = await context.store.index.loadRun(queue.queue, offset);
  const key = run.groupKeyAt(offset);
  const message = queue.progress.unsettled.get(offset);
  if (message !== undefined) message.groupKey = key;
  if (key !== 0) queue.locks.comeBack(key, offset);
}

async function sweep(queue: GroupQueue, context: DeliveryContext): Promise<void> {
  const { progress, group } = queue;
  let walked = 0;
  for (let offset = progress.floor; offset < progress.frontier; ) {
    const run = await context.store.index.loadRun(queue.queue, offset);
    const end = Math.min(run.end, progress.frontier);
    for (; offset < end; offset++) {
      if (progress.settled.has(offset)) continue;
      const key = group.ordered ? run.groupKeyAt(offset) : 0;
      const message = progress.unsettled.get(offset);
      if (message !== undefined) message.groupKey = key;
      const passedOver = key !== 0 && !queue.locks.take(key, offset);
      if (message === undefined && !passedOver) queue.ready.push(offset);
    }
    walked += run.count;
    if (walked > SLICE_ENTRIES) {
      walked = 0;
      await new Promise<void>((resolve) => context.process.defer(resolve));
    }
  }
}

/** Each lease or wait goes on with the time that is left of it. */
function restoreDeadlines(queue: GroupQueue, context: DeliveryContext): void {
  const pending: { node: UnsettledMessage; remainingMs: number }[] = [];
  for (const message of queue.progress.unsettled.values()) {
    if (message.groupKey === -1) message.groupKey = 0;
    const remainingMs = remainingMsOf(message, context);
    if (message.state !== 'released' && remainingMs > 0) pending.push({ node: message, remainingMs });
    else queue.group.visibleAgain(message);
  }
  context.deadlines.addSorted(pending);
}

/**
 * A time that began in this process ends when it would have ended: the queue was only put together anew. The remaining time of any other one was at
 * the opening never longer than the lease or wait at its beginning, whatever the wall clock did meanwhile, and has run on since, also where nobody has
 * asked for the queue before.
 */
function remainingMsOf(message: UnsettledMessage, { openedAtMs, time, clock }: DeliveryContext): number {
  if (message.dueAtMs > 0) return message.dueAtMs - clock.monotonic();
  return Math.min(message.durationMs, message.visibleAtMs - openedAtMs) - time.passedMs;
}
