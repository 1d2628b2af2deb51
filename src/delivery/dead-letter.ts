import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { BlockBuilder } from '../storage/log/block.ts';
import { RECORD } from '../storage/log/record-kinds.ts';
import { type DeadLetterMark, writeDeadLetters } from '../storage/log/state-records.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { tellDeadLettered } from './delivery-events.ts';
import type { GroupQueue } from './group-queue.ts';
import { StateEntry } from './state-entry.ts';

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

/** The group gives the message up. */
export async function deadLetter(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage, reason: string): Promise<void> {
  message.claimed = true;
  try {
    const run = queue.queue.runInMemory(message.offset) ?? (await context.store.index.loadRun(queue.queue, message.offset));
    const mark: DeadLetterMark = {
      offset: message.offset,
      attempts: message.attempt,
      atMs: context.clock.now(),
      reason: reason.slice(0, MAX_REASON_CHARACTERS),
      position: run.positionAt(message.offset),
    };
    const entry = new DeadLetterEntry(queue, context, message, mark);
    const done = entry.done();
    context.store.log.join(context.store.log.openLater(), entry, 0);
    await done;
  } catch (error) {
    message.claimed = false;
    throw error;
  }
}
