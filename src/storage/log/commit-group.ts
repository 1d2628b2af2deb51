import type { WriteOperation } from '../../model/key-value-port.ts';
import type { Checksum } from '../checksum.ts';
import { type Block, BlockBuilder, blockKey } from './block.ts';
import type { GroupSpace, LogEntry } from './log-entry.ts';

/** Scratch blocks that wait for their next use; more than these are left to the garbage collector. */
const POOLED_BUILDERS = 16;

/** Keeps scratch blocks: a group that allocates its blocks afresh loses a third of the send rate. */
export class BuilderPool {
  readonly #free: BlockBuilder[] = [];

  take(): BlockBuilder {
    return this.#free.pop() ?? new BlockBuilder();
  }

  give(builder: BlockBuilder): void {
    // A builder that grew for one large message would keep that memory for ever.
    if (this.#free.length >= POOLED_BUILDERS || builder.bytes.length > 1024 * 1024) return;
    builder.restart();
    this.#free.push(builder);
  }
}

/** What joins while a write is under way, to be written together by the next one. */
export class CommitGroup implements GroupSpace {
  readonly entries: LogEntry[] = [];
  readonly builders: BlockBuilder[] = [];
  /** Copies of the blocks, once its write has started. */
  blocks: readonly Block[] = [];
  /** Someone in it waits for a barrier. */
  needsBarrier = false;
  /** Its write started while others that came with it were still being encoded; they are in the next group. */
  isFirstHalf = false;
  /** Its write has started: nothing joins any more. */
  sealed = false;
  /** Bytes that were reported to backpressure. */
  bytes = 0;
  firstSequence = 0;
  readonly #pool: BuilderPool;

  constructor(pool: BuilderPool) {
    this.#pool = pool;
  }

  get lastBlock(): number {
    return this.builders.length - 1;
  }

  get lastSequence(): number {
    return this.firstSequence + this.builders.length - 1;
  }

  room(bytes: number): BlockBuilder {
    const last = this.builders.at(-1);
    if (last !== undefined && !last.refuses(bytes)) return last;
    const builder = this.#pool.take();
    this.builders.push(builder);
    return builder;
  }

  /** Gives every entry its last word and finishes the blocks. */
  seal(stamp: { firstSequence: number; storedAtMs: number; storeTag: number }, checksum: Checksum): WriteOperation[] {
    this.sealed = true;
    this.firstSequence = stamp.firstSequence;
    for (const entry of this.entries) entry.seal(this, stamp.storedAtMs);
    return this.operations(stamp, checksum);
  }

  /** The finished blocks as writes; valid until the builders are given back. */
  operations(stamp: { storedAtMs: number; storeTag: number }, checksum: Checksum): WriteOperation[] {
    return this.builders.map((builder, index) => {
      const sequence = this.firstSequence + index;
      return { key: blockKey(sequence), value: builder.finish({ sequence, ...stamp }, checksum) };
    });
  }

  recycle(): void {
    for (const builder of this.builders) this.#pool.give(builder);
    this.builders.length = 0;
  }
}
