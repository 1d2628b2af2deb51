import { instantAfter } from '../../model/instant.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type LeaseTerms, type RetryWait, writeChangeInvisible, writeOffsets, writeRetryWaits } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { joinState } from '../queues/join-state.ts';
import { StateEntry } from '../queues/state-entry.ts';

/** A delivery that ends without an acknowledgement: the message is given back. */
class GiveBackEntry extends StateEntry {
  readonly #message: UnsettledMessage;

  constructor(queue: GroupQueue, message: UnsettledMessage) {
    super(queue, RECORD.giveBack);
    this.#message = message;
  }

  protected override write(builder: BlockBuilder): void {
    writeOffsets(builder, [this.#message.offset]);
  }

  protected override apply(): void {
    const { queue } = this;
    queue.release(this.#message);
    queue.progress.giveBack(this.#message.offset);
    queue.group.visibleAgain(this.#message);
  }

  protected override undo(): void {
    this.queue.group.unclaim(this.#message);
  }
}

/** A failed attempt that is repeated after a while. */
class RetryEntry extends StateEntry {
  readonly #message: UnsettledMessage;
  readonly #wait: RetryWait;
  readonly #context: DeliveryContext;

  constructor(queue: GroupQueue, context: DeliveryContext, message: UnsettledMessage, delayMs: number) {
    super(queue, RECORD.retryWait);
    this.#context = context;
    this.#message = message;
    this.#wait = { offset: message.offset, visibleAtMs: context.clock.now() + delayMs, delayMs };
    // The delay counts from the failure, not from the commit.
    context.deadlines.add(message, delayMs);
  }

  protected override write(builder: BlockBuilder): void {
    writeRetryWaits(builder, [this.#wait]);
  }

  protected override apply(): void {
    const message = this.#message;
    this.queue.release(message);
    this.queue.progress.retryLater(this.#wait);
    this.#context.suspects.ended(message);
    if (message.list === undefined) this.queue.group.visibleAgain(message);
  }

  protected override undo(): void {
    this.queue.group.unclaim(this.#message);
  }
}

/** A lease that gets a new end, counted from now, and a new number. */
export class ChangeInvisibleEntry extends StateEntry {
  readonly terms: LeaseTerms;
  /** When the lease ends, by the broker's time. */
  readonly endsAtMs: number;
  readonly #message: UnsettledMessage;
  readonly #context: DeliveryContext;

  constructor(queue: GroupQueue, context: DeliveryContext, message: UnsettledMessage, invisibleMs: number) {
    super(queue, RECORD.changeInvisible);
    this.#context = context;
    this.#message = message;
    this.terms = {
      firstLease: queue.progress.nextLease++,
      untilMs: instantAfter(context.clock.now(), invisibleMs),
      durationMs: invisibleMs,
      holder: message.holder,
    };
    this.endsAtMs = instantAfter(context.time.next(), invisibleMs);
  }

  protected override write(builder: BlockBuilder): void {
    writeChangeInvisible(builder, this.#message.offset, this.terms);
  }

  protected override apply(): void {
    this.queue.release(this.#message);
    this.queue.progress.changeInvisible(this.#message.offset, this.terms);
    this.#context.deadlines.add(this.#message, this.terms.durationMs);
  }

  protected override undo(): void {
    this.queue.group.unclaim(this.#message);
  }
}

/** The message is visible again from the commit on. */
export function giveBack(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage): StateEntry {
  message.claimed = true;
  return joinState(context, new GiveBackEntry(queue, message));
}

/** The message is visible again `delayMs` from now. */
export function retryLater(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage, delayMs: number): StateEntry {
  message.claimed = true;
  return joinState(context, new RetryEntry(queue, context, message, delayMs));
}

/** The lease ends `invisibleMs` from now. */
export function changeInvisible(
  context: DeliveryContext,
  queue: GroupQueue,
  message: UnsettledMessage,
  invisibleMs: number,
): ChangeInvisibleEntry {
  message.claimed = true;
  return joinState(context, new ChangeInvisibleEntry(queue, context, message, invisibleMs));
}
