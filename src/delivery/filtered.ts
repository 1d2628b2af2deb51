import type { BlockBuilder } from '../storage/log/block.ts';
import { RECORD } from '../storage/log/record-kinds.ts';
import { writeOffsets } from '../storage/log/state-records.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { GroupQueue } from './group-queue.ts';
import { StateEntry } from './state-entry.ts';

/** Offsets that the group does not want, or whose message is lost: settled without a delivery. */
class FilteredEntry extends StateEntry {
  readonly #offsets: number[];

  constructor(queue: GroupQueue, offsets: number[]) {
    super(queue, RECORD.filtered);
    this.#offsets = offsets;
  }

  protected override write(builder: BlockBuilder): void {
    writeOffsets(builder, this.#offsets);
  }

  protected override apply(): void {
    const { progress, group } = this.queue;
    for (const offset of this.#offsets) {
      const message = progress.unsettled.get(offset);
      // One that was delivered before and is not wanted any more counts as unsettled until now.
      if (message === undefined) progress.settle(offset);
      else group.settled(message);
    }
  }

  protected override undo(): void {
    this.queue.skipped.push(...this.#offsets);
  }
}

/** Sends a queue's filtered offsets on their way to the log. */
export function settleFiltered(context: DeliveryContext, queue: GroupQueue): void {
  if (queue.skipped.length === 0) return;
  const offsets = queue.skipped;
  queue.skipped = [];
  context.store.log.join(context.store.log.openLater(), new FilteredEntry(queue, offsets), 0);
}
