import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { writeOffsets } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellExpired } from '../delivery-events.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { joinState, openState, type StateGroup } from '../queues/join-state.ts';
import { StateEntry } from '../queues/state-entry.ts';

/** Offsets that are settled without a delivery: the group does not want them, their message is lost, or their time to live is over. */
class FilteredEntry extends StateEntry {
  readonly #context: DeliveryContext;
  readonly offsets: number[];
  readonly #isExpiry: boolean;

  constructor(queue: GroupQueue, context: DeliveryContext, what: { offsets: number[]; isExpiry: boolean }) {
    super(queue, what.isExpiry ? RECORD.expired : RECORD.filtered);
    this.#context = context;
    this.offsets = what.offsets;
    this.#isExpiry = what.isExpiry;
  }

  protected override write(builder: BlockBuilder): void {
    writeOffsets(builder, this.offsets);
  }

  protected override apply(): void {
    const { progress, group } = this.queue;
    if (this.#isExpiry) this.#context.counters.expired += this.offsets.length;
    for (const offset of this.offsets) {
      const message = progress.unsettled.get(offset);
      // One that was delivered before and is not wanted any more counts as unsettled until now.
      if (message === undefined) progress.settle(offset);
      else group.settled(message);
    }
  }

  protected override undo(): void {
    const again = this.#isExpiry ? this.queue.outOfDate : this.queue.skipped;
    // One by one: there may be more than a call takes arguments.
    for (const offset of this.offsets) again.push(offset);
  }

  protected override effects(): void {
    if (!this.#isExpiry || this.#context.events.listenerCount('expired') === 0) return;
    for (const offset of this.offsets) void tellExpired(this.#context, this.queue, offset);
  }
}

interface OpenEntry {
  readonly entry: FilteredEntry;
  readonly group: StateGroup;
}

/** Entries by queue that more offsets may join, as long as their group is the open one: a filter that passes over much writes little. */
const openFiltered = new WeakMap<GroupQueue, OpenEntry>();
const openExpired = new WeakMap<GroupQueue, OpenEntry>();

/** Sends a queue's filtered and expired offsets on their way. */
export function settleFiltered(context: DeliveryContext, queue: GroupQueue): void {
  if (queue.group.isPull) return passBy(context, queue);
  if (queue.skipped.length > 0) {
    const offsets = queue.skipped;
    queue.skipped = [];
    settle(context, queue, { offsets, isExpiry: false });
  }
  if (queue.outOfDate.length > 0) {
    const offsets = queue.outOfDate;
    queue.outOfDate = [];
    settle(context, queue, { offsets, isExpiry: true });
  }
}

/** Where a position is all that is kept, what lies behind it needs no record. */
function passBy(context: DeliveryContext, queue: GroupQueue): void {
  const expired = queue.outOfDate;
  queue.skipped = [];
  queue.outOfDate = [];
  context.counters.expired += expired.length;
  if (context.events.listenerCount('expired') > 0) for (const offset of expired) void tellExpired(context, queue, offset);
}

function settle(context: DeliveryContext, queue: GroupQueue, what: { offsets: number[]; isExpiry: boolean }): void {
  const openEntries = what.isExpiry ? openExpired : openFiltered;
  const group = openState(context, queue);
  const open = openEntries.get(queue);
  if (open !== undefined && open.group === group && !group.sealed) {
    for (const offset of what.offsets) open.entry.offsets.push(offset);
    return;
  }
  const entry = new FilteredEntry(queue, context, what);
  openEntries.set(queue, { entry, group });
  joinState(context, entry, group);
}
