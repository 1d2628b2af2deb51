import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from './group-queue.ts';
import { StateEntry } from './state-entry.ts';

/** The group continues elsewhere in the queue; leases, waits, locks and attempts are revoked. */
class ResetEntry extends StateEntry {
  readonly #offset: number;

  constructor(queue: GroupQueue, offset: number) {
    super(queue, RECORD.reset);
    this.#offset = offset;
  }

  protected override write(builder: BlockBuilder): void {
    builder.u64(this.#offset);
  }

  protected override apply(): void {
    this.queue.restart(this.#offset);
    this.queue.group.wake();
  }

  protected override undo(): void {
    this.queue.thaw();
  }
}

/** What joined the log before is applied before; from here on nothing of the queue changes until the reset is committed. */
export async function resetOffset(context: DeliveryContext, queue: GroupQueue, offset: number): Promise<void> {
  while (queue.frozen) await context.store.log.nextCommit();
  const entry = new ResetEntry(queue, offset);
  const done = entry.done();
  queue.freeze();
  context.store.log.join(context.store.log.openLater(), entry, 0);
  await done;
}
