import { blockSequenceOf, NO_POSITION } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from './group-queue.ts';

/** When the oldest message was stored that the group has not settled, milliseconds since the epoch. */
export async function oldestUnsettled(context: DeliveryContext, queue: GroupQueue): Promise<number | undefined> {
  const { floor } = queue.progress;
  let oldest = floor;
  for (const offset of queue.progress.unsettled.keys()) if (offset < oldest) oldest = offset;
  if (oldest >= queue.queue.end) return undefined;
  const run = await context.store.index.loadRun(queue.queue, oldest);
  const position = run.positionAt(oldest);
  if (position === NO_POSITION) return undefined;
  return (await context.store.log.read(blockSequenceOf(position))).storedAtMs;
}
