import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { QueueProgress } from '../../storage/index/queue-progress.ts';
import type { GroupKey } from '../../storage/message-group-hash.ts';
import type { DeliveryContext } from '../delivery-context.ts';

/** Entries that are looked at in one go; a longer walk lets the event loop have its turn in between. */
const WALK_ENTRIES = 16_384;

/** Looks for the first unsettled message of a message group among the offsets from `from` to `to`, in slices. */
export async function searchMessageGroup(
  where: { readonly queue: ConsumeQueue; readonly progress: QueueProgress },
  context: DeliveryContext,
  what: { readonly groupKey: GroupKey; readonly from: number; readonly to: number },
): Promise<{ found: number | undefined; searchedTo: number }> {
  const { queue, progress } = where;
  const { groupKey, from, to } = what;
  let walked = 0;
  for (let offset = from; offset <= to; ) {
    const run = queue.runInMemory(offset) ?? (await context.store.index.loadRun(queue, offset));
    const end = Math.min(run.end, to + 1);
    for (; offset < end; offset++) {
      if (run.groupKeyAt(offset) === groupKey && !progress.settled.has(offset)) return { found: offset, searchedTo: offset };
    }
    walked += run.count;
    if (walked > WALK_ENTRIES) {
      walked = 0;
      await new Promise<void>((resolve) => context.process.defer(resolve));
    }
  }
  return { found: undefined, searchedTo: to };
}
