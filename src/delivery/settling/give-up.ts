import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellDropped } from '../delivery-events.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { deadLetter } from './dead-letter.ts';

/** A broadcast member goes on without a message. */
class DropEntry implements LogEntry {
  readonly #context: DeliveryContext;
  readonly #queue: GroupQueue;
  readonly #message: UnsettledMessage;

  constructor(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage) {
    this.#context = context;
    this.#queue = queue;
    this.#message = message;
  }

  seal(): void {
    // Nothing of a broadcast member is written.
  }

  commit(): void {
    this.#context.counters.dropped++;
    this.#queue.group.settled(this.#message);
  }

  settle(): void {
    if (this.#context.events.listenerCount('dropped') > 0) void tellDropped(this.#context, this.#queue, this.#message);
  }

  fail(): void {
    this.#message.claimed = false;
  }
}

/**
 * The message is not delivered any more: it goes to the dead letters of its group, or is dropped by the broadcast member that had it.
 * A rejection leaves it as it was.
 */
export async function giveUp(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage, reason: string): Promise<void> {
  const { memberState } = queue.group;
  if (memberState === undefined) return await deadLetter(context, queue, message, reason);
  message.claimed = true;
  memberState.openTurn().entries.push(new DropEntry(context, queue, message));
}
