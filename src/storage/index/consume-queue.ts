import { invariant } from '../../model/errors.ts';
import type { WriteOperation } from '../../model/key-value-port.ts';
import { type LogPosition, NO_POSITION } from '../log-position.ts';
import { EntryRun } from './entry-run.ts';
import type { Envelope } from './envelope.ts';
import { consumeQueueKey } from './keys.ts';

/** A value of the index that covers a part of a run. */
interface Piece {
  readonly start: number;
  readonly count: number;
}

/** A run in memory and what of it the index has. */
interface TailRun {
  readonly run: EntryRun;
  saved: number;
  pieces: Piece[];
  /** Starts of values that may be in the index, also from a write whose outcome is unknown. */
  readonly starts: Set<number>;
}

/**
 * One queue of a topic: where its messages lie in the log. Its newest entries live here until a checkpoint writes them to the index.
 */
export class ConsumeQueue {
  readonly topicId: number;
  readonly queueId: number;
  /** First offset that readers do not see yet. */
  end: number;
  /** Position of the newest message that is published. */
  includes: LogPosition;
  /** Offsets from here on are in memory; those below are in the index. */
  #memoryStart: number;
  /** Whether the index has this queue on its list of changed ones. */
  listed = false;
  #reserved: number;
  readonly #tail: TailRun[] = [];

  constructor(topicId: number, queueId: number, stored: { end: number; includes: LogPosition }) {
    this.topicId = topicId;
    this.queueId = queueId;
    this.end = stored.end;
    this.includes = stored.includes;
    this.#memoryStart = stored.end;
    this.#reserved = stored.end;
  }

  /** The offset of the next message; called when the write that holds it starts. */
  reserve(): number {
    return this.#reserved++;
  }

  /** Forgets reservations of a write that is not on disk. */
  cancelReservations(): void {
    this.#reserved = this.end;
  }

  /** Makes a message visible. A gap before it means messages that a power cut took; their offsets stay, as lost. */
  publish(offset: number, position: LogPosition, tagHash: number, groupHigh: number, groupLow: number): void {
    invariant(offset >= this.end, `offset ${offset} of queue ${this.topicId}/${this.queueId} is published already`);
    while (this.end < offset) this.#push(NO_POSITION, 0, 0, 0);
    this.#push(position, tagHash, groupHigh, groupLow);
    if (this.#reserved < this.end) this.#reserved = this.end;
    this.includes = position;
  }

  /** The run in memory that holds an offset, or `undefined` where the index has it. */
  runInMemory(offset: number): EntryRun | undefined {
    if (offset < this.#memoryStart) return undefined;
    for (let i = this.#tail.length - 1; i >= 0; i--) {
      const { run } = this.#tail[i] as TailRun;
      if (offset >= run.first) return offset < run.end ? run : undefined;
    }
    return undefined;
  }

  get isDirty(): boolean {
    const last = this.#tail.at(-1);
    return last !== undefined && last.saved < last.run.count;
  }

  /** Adds the writes that bring the index up to date; the answer is to be called once they are on disk. */
  snapshot(operations: WriteOperation[], envelope: Envelope): () => void {
    const written: [TailRun, number][] = [];
    for (const tail of this.#tail) {
      if (tail.saved === tail.run.count) continue;
      this.#savePiece(tail, operations, envelope);
      written.push([tail, tail.run.count]);
    }
    return () => {
      for (const [tail, saved] of written) {
        tail.saved = saved;
        const newest = tail.pieces.at(-1);
        for (const start of tail.starts) if (newest !== undefined && start > newest.start) tail.starts.delete(start);
      }
      this.#forgetSaved();
    };
  }

  /** A snapshot's write was rejected: what is in the index is unknown, so everything in memory is written again, each run as one value. */
  snapshotFailed(): void {
    for (const tail of this.#tail) {
      tail.saved = 0;
      tail.pieces = [];
    }
  }

  /** Merges the unsaved end of a run only with pieces of at most its own size, so that an entry is rewritten a logarithmic number of times. */
  #savePiece(tail: TailRun, operations: WriteOperation[], envelope: Envelope): void {
    const { run, pieces } = tail;
    let start = run.first + tail.saved;
    let count = run.count - tail.saved;
    for (let piece = pieces.at(-1); piece !== undefined && piece.count <= count; piece = pieces.at(-1)) {
      pieces.pop();
      start = piece.start;
      count += piece.count;
    }
    for (const stale of tail.starts) {
      if (stale > start) operations.push({ key: consumeQueueKey(this.topicId, this.queueId, stale), value: undefined });
    }
    pieces.push({ start, count });
    tail.starts.add(start);
    const key = consumeQueueKey(this.topicId, this.queueId, start);
    operations.push({ key, value: envelope.seal(key, this.includes, (writer) => run.write(writer, start, count)) });
  }

  /** Full runs that the index has leave memory; the last one stays, because readers are usually there. */
  #forgetSaved(): void {
    while (this.#tail.length > 1) {
      const first = this.#tail[0] as TailRun;
      if (first.saved < first.run.count) break;
      this.#tail.shift();
      this.#memoryStart = first.run.end;
    }
  }

  #push(position: LogPosition, tagHash: number, groupHigh: number, groupLow: number): void {
    let last = this.#tail.at(-1);
    if (last === undefined || last.run.isFull) {
      last = { run: new EntryRun(this.end), saved: 0, pieces: [], starts: new Set() };
      this.#tail.push(last);
    }
    last.run.push(position, tagHash, groupHigh, groupLow);
    this.end++;
  }
}
