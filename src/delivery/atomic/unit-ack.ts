import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { writeOffsets } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellAcked } from '../delivery-events.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { StateEntry } from '../queues/state-entry.ts';

/** Acknowledgements of one queue in an atomic unit. Unlike others they are not written again when their group fails: the unit as a whole has failed. */
export class UnitAckEntry extends StateEntry {
  readonly #context: DeliveryContext;
  readonly #messages: readonly UnsettledMessage[];

  constructor(queue: GroupQueue, context: DeliveryContext, messages: readonly UnsettledMessage[]) {
    super(queue, RECORD.ack);
    this.#context = context;
    this.#messages = messages;
  }

  protected override write(builder: BlockBuilder): void {
    writeOffsets(
      builder,
      this.#messages.map(({ offset }) => offset),
    );
  }

  protected override apply(): void {
    this.#context.counters.acked += this.#messages.length;
    for (const message of this.#messages) this.queue.group.settled(message);
  }

  protected override undo(): void {
    for (const message of this.#messages) this.queue.group.unclaim(message);
  }

  protected override effects(): void {
    if (this.#context.events.listenerCount('acked') === 0) return;
    for (const message of this.#messages) void tellAcked(this.#context, this.queue, message);
  }
}
