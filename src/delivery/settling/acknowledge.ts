import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { writeOffsets } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellAcked } from '../delivery-events.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { joinState, openState, type StateGroup } from '../queues/join-state.ts';
import { StateEntry } from '../queues/state-entry.ts';

/** Acknowledgements of one queue that share a group commit: one record, whatever their number. */
class AckEntry extends StateEntry {
  readonly messages: UnsettledMessage[] = [];
  readonly #context: DeliveryContext;

  constructor(queue: GroupQueue, context: DeliveryContext) {
    super(queue, RECORD.ack);
    this.#context = context;
  }

  protected override write(builder: BlockBuilder): void {
    writeOffsets(
      builder,
      this.messages.map((message) => message.offset),
    );
  }

  protected override apply(): void {
    const { queue } = this;
    this.#context.counters.acked += this.messages.length;
    for (const message of this.messages) queue.group.settled(message);
  }

  /**
   * A heal that fails gives up what waits for it; what a consumer has done stays done, and is written by the next heal that succeeds.
   * There is none once the log has ended, whatever it ended with.
   */
  protected override undo(): void {
    if (this.#context.store.log.ended !== undefined) {
      for (const message of this.messages) this.queue.group.unclaim(message);
      return;
    }
    const again = new AckEntry(this.queue, this.#context);
    // One by one: there may be more than a call takes arguments.
    for (const message of this.messages) again.messages.push(message);
    joinState(this.#context, again);
  }

  protected override effects(): void {
    const { events } = this.#context;
    if (events.listenerCount('acked') === 0) return;
    for (const message of this.messages) void tellAcked(this.#context, this.queue, message);
  }
}

/** Open acknowledgements by queue: valid as long as the group that they joined is the open one. */
const openEntries = new WeakMap<GroupQueue, { entry: AckEntry; group: StateGroup }>();

/** The message is consumed. It has been claimed by the caller; the entry tells when that is on disk. */
export function acknowledge(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage): StateEntry {
  message.claimed = true;
  const group = openState(context, queue);
  const open = openEntries.get(queue);
  if (open !== undefined && open.group === group && !group.sealed) {
    open.entry.messages.push(message);
    return open.entry;
  }
  const entry = new AckEntry(queue, context);
  entry.messages.push(message);
  openEntries.set(queue, { entry, group });
  return joinState(context, entry, group);
}
