import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { joinState } from '../queues/join-state.ts';
import { StateEntry } from '../queues/state-entry.ts';

/** How far a pull group has come in a queue. */
class PositionEntry extends StateEntry {
  readonly offset: number;

  constructor(queue: GroupQueue, offset: number) {
    super(queue, RECORD.position);
    this.offset = offset;
  }

  protected override write(builder: BlockBuilder): void {
    builder.u64(this.offset);
  }

  protected override apply(): void {
    this.queue.progress.reset(this.offset);
    this.#arrived();
  }

  protected override undo(): void {
    this.#arrived();
  }

  #arrived(): void {
    if (underWay.get(this.queue) === this) underWay.delete(this.queue);
  }
}

/** The newest position of a queue that is on its way to the log. */
const underWay = new WeakMap<GroupQueue, PositionEntry>();

/** Where the group goes on in a queue that changes hands: what is on its way there counts as stored. */
export function committedPosition(queue: GroupQueue): number {
  return underWay.get(queue)?.offset ?? queue.progress.floor;
}

/** Stores a position, unless the queue has been sent elsewhere: an administrator's reset that is on its way decides. */
export async function commitPosition(context: DeliveryContext, queue: GroupQueue, offset: number): Promise<void> {
  const { generation } = queue;
  while (queue.frozen) await context.store.log.nextCommit();
  if (queue.generation !== generation || queue.dropped) return;
  const before = underWay.get(queue);
  if (before === undefined && offset === queue.progress.floor) return;
  if (before?.offset === offset) return await before.done();
  const entry = new PositionEntry(queue, offset);
  underWay.set(queue, entry);
  await joinState(context, entry).done();
}
