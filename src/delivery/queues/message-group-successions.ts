import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { QueueProgress } from '../../storage/index/queue-progress.ts';
import type { GroupKey } from '../../storage/message-group-hash.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupPort } from './group-port.ts';
import type { MessageGroupLocks, Successor } from './message-group-locks.ts';
import { searchMessageGroup } from './message-group-search.ts';
import type { QueueReading } from './queue-reading.ts';

/** A queue whose message groups are in order. */
interface OrderedQueue {
  readonly group: GroupPort;
  readonly queue: ConsumeQueue;
  readonly progress: QueueProgress;
  readonly locks: MessageGroupLocks;
  readonly dropped: boolean;
  /** A message is visible. */
  makeReady(offset: number): void;
}

/** Lets the next message of a message group follow one that is settled, also when it has to be looked for in the index. */
export class MessageGroupSuccessions {
  readonly #context: DeliveryContext;
  readonly #where: OrderedQueue;
  readonly #reading: QueueReading;
  #searching = 0;

  constructor(context: DeliveryContext, where: OrderedQueue, reading: QueueReading) {
    this.#context = context;
    this.#where = where;
    this.#reading = reading;
  }

  /** The next message of a message group is being looked for; a receive that does not wait still waits for that. */
  get isSearching(): boolean {
    return this.#searching > 0;
  }

  /** A message is settled: whoever waited behind it in its message group is next. */
  unlock(groupKey: GroupKey, offset: number): void {
    this.#succeed(groupKey, this.#where.locks.release(groupKey, offset));
  }

  #succeed(groupKey: GroupKey, successor: Successor): void {
    if (successor.kind === 'offset') this.#where.makeReady(successor.offset);
    else if (successor.kind === 'search') void this.#search(groupKey, successor);
  }

  /** Looks for the next unsettled message of a message group, in slices. */
  async #search(groupKey: GroupKey, { search, from, to }: Successor & { kind: 'search' }): Promise<void> {
    const { locks, group } = this.#where;
    this.#searching++;
    try {
      const { found, searchedTo } = await searchMessageGroup(this.#where, this.#context, { groupKey, from, to });
      this.#searching--;
      this.#succeed(groupKey, locks.found(groupKey, search, found, searchedTo));
    } catch (error) {
      this.#searching--;
      if (!this.#where.dropped) this.#reading.failed(error, () => void this.#search(groupKey, { kind: 'search', search, from, to }));
    }
    group.wake();
  }
}
