import { BrokerError } from '../../model/errors.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import type { GroupSpace, LogEntry } from '../../storage/log/log-entry.ts';
import { writeAddress } from '../../storage/log/state-records.ts';
import { logPosition } from '../../storage/log-position.ts';
import type { GroupQueue } from './group-queue.ts';

/** Room that a state record is expected to take; blocks grow beyond their target when it takes more. */
const EXPECTED_BYTES = 64;

/**
 * A change of one queue's delivery state on its way to the log. The change takes effect in memory when its group is on disk.
 * Of a broadcast member it takes effect without being written: it is never sealed, and its position is that of no record.
 */
export abstract class StateEntry implements LogEntry {
  readonly queue: GroupQueue;
  readonly #kind: number;
  #block = 0;
  #record = 0;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] | undefined;

  constructor(queue: GroupQueue, kind: number) {
    this.queue = queue;
    this.#kind = kind;
  }

  /** Writes what follows the address. */
  protected abstract write(builder: BlockBuilder): void;
  /** Applies the change; must not throw. */
  protected abstract apply(position: number): void;
  /** Takes the claims back: nothing of it happened. */
  protected abstract undo(error: Error): void;
  /** What follows the commit: events. */
  protected effects(): void {}

  /** Resolves once the change is on disk (kill -9 class). */
  done(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting ??= [];
      this.#waiting.push({ resolve, reject });
    });
  }

  seal(space: GroupSpace): void {
    const builder = space.room(EXPECTED_BYTES);
    this.#record = builder.begin(this.#kind);
    writeAddress(builder, this.queue.progress.address);
    this.write(builder);
    builder.end();
    this.#block = space.lastBlock;
  }

  commit(firstSequence: number): void {
    const position = logPosition(firstSequence + this.#block, this.#record);
    this.apply(position);
    this.queue.progress.includes = position;
  }

  settle(): void {
    this.effects();
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (const { resolve } of waiting) resolve();
  }

  fail(error: Error): void {
    this.undo(error);
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (const { reject } of waiting) reject(error);
  }
}

/** The error of an operation that needs a lease which is no longer the valid one; of several messages it tells which one it is. */
export function handleExpired(queue?: GroupQueue, queueOffset = 0): BrokerError {
  const details = queue && { topic: queue.topic.record.name, ...queue.topic.placeOf(queue.queue.queueId), queueOffset };
  return new BrokerError(
    'MQ_RECEIPT_HANDLE_EXPIRED',
    'The receipt handle is no longer valid: its time ran out, it was given back, or the message was settled or delivered again',
    details && { details },
  );
}
