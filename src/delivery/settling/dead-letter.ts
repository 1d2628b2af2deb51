import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type DeadLetterMark, writeDeadLetters } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellDeadLettered } from '../delivery-events.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { joinState } from '../queues/join-state.ts';
import { handleExpired, StateEntry } from '../queues/state-entry.ts';

/** A reason is for people; more of it than this is cut. */
const MAX_REASON_CHARACTERS = 1024;

/** Settles a message for its group and leaves a pointer to it, in one record. */
class DeadLetterEntry extends StateEntry {
  readonly #message: UnsettledMessage;
  readonly #mark: DeadLetterMark;
  readonly #context: DeliveryContext;

  constructor(queue: GroupQueue, context: DeliveryContext, message: UnsettledMessage, mark: DeadLetterMark) {
    super(queue, RECORD.deadLetter);
    this.#context = context;
    this.#message = message;
    this.#mark = mark;
  }

  protected override write(builder: BlockBuilder): void {
    writeDeadLetters(builder, [this.#mark]);
  }

  protected override apply(position: number): void {
    const { queue } = this;
    this.#context.counters.deadLettered++;
    this.#context.store.index.deadLetters.put(queue.progress.address, this.#mark, position);
    queue.group.settled(this.#message);
  }

  /** The caller gets the error and decides what becomes of the message. */
  protected override undo(): void {
    this.#message.claimed = false;
  }

  protected override effects(): void {
    if (this.#context.events.listenerCount('deadLettered') === 0) return;
    void tellDeadLettered(this.#context, this.queue, this.#mark);
  }
}

/** A message that could not be given up is given up again after this while. */
const RETRY_MS = 1000;

/** The group gives the message up. A rejection leaves the message as it was; with no deadline left it is tried again by itself. */
export async function deadLetter(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage, reason: string): Promise<void> {
  message.claimed = true;
  try {
    const run = await context.store.index.loadRun(queue.queue, message.offset);
    while (queue.frozen) await context.store.log.nextCommit();
    // A reset may have revoked it meanwhile, or its topic been deleted: a pointer into that would be gone with the next process.
    if (queue.dropped || queue.progress.unsettled.get(message.offset) !== message) throw handleExpired(queue, message.offset);
    const mark: DeadLetterMark = {
      offset: message.offset,
      attempts: message.attempt,
      atMs: context.clock.now(),
      reason: reason.slice(0, MAX_REASON_CHARACTERS).replaceAll(/\p{Surrogate}/gu, '\uFFFD'),
      position: run.positionAt(message.offset),
    };
    const entry = new DeadLetterEntry(queue, context, message, mark);
    const done = entry.done();
    joinState(context, entry);
    await done;
  } catch (error) {
    const isUnsettled = !queue.dropped && queue.progress.unsettled.get(message.offset) === message;
    message.claimed = queue.frozen && isUnsettled;
    if (isUnsettled && message.list === undefined) context.deadlines.add(message, RETRY_MS);
    throw error;
  }
}
