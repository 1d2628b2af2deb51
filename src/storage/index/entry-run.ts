import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { LogPosition } from '../log-position.ts';
import { type GroupKey, groupKeyOf } from '../message-group-hash.ts';

/** Entries that one value of the consume queue holds at most. */
export const RUN_ENTRIES = 1024;
const FIRST_CAPACITY = 8;
const HAS_TAGS = 1;
const HAS_GROUPS = 2;

/**
 * Neighbouring entries of a consume queue, packed: where each message lies, and the hashes of its tag and message group,
 * so that a filter or a lock can rule a message out without reading it.
 */
export class EntryRun {
  readonly first: number;
  count = 0;
  #positions: Float64Array;
  #tags: Int32Array;
  #highs: Uint32Array;
  #lows: Uint32Array;
  #hasTags = false;
  #hasGroups = false;

  constructor(first: number, capacity: number = FIRST_CAPACITY) {
    this.first = first;
    this.#positions = new Float64Array(capacity);
    this.#tags = new Int32Array(capacity);
    this.#highs = new Uint32Array(capacity);
    this.#lows = new Uint32Array(capacity);
  }

  get end(): number {
    return this.first + this.count;
  }

  get isFull(): boolean {
    return this.count >= RUN_ENTRIES;
  }

  push(position: LogPosition, tagHash: number, groupHigh: number, groupLow: number): void {
    if (this.count === this.#positions.length) this.#grow();
    const at = this.count++;
    this.#positions[at] = position;
    if (tagHash !== 0) {
      this.#tags[at] = tagHash;
      this.#hasTags = true;
    }
    if (groupHigh !== 0 || groupLow !== 0) {
      this.#highs[at] = groupHigh;
      this.#lows[at] = groupLow;
      this.#hasGroups = true;
    }
  }

  positionAt(offset: number): LogPosition {
    return this.#positions[offset - this.first] as number;
  }

  tagHashAt(offset: number): number {
    return this.#tags[offset - this.first] as number;
  }

  groupKeyAt(offset: number): GroupKey {
    if (!this.#hasGroups) return 0;
    return groupKeyOf(this.#highs[offset - this.first] as number, this.#lows[offset - this.first] as number);
  }

  /** Writes `count` entries from `offset` on. */
  write(writer: ByteWriter, offset: number, count: number): void {
    const from = offset - this.first;
    writer.u32(count);
    writer.u8((this.#hasTags ? HAS_TAGS : 0) | (this.#hasGroups ? HAS_GROUPS : 0));
    for (let i = from; i < from + count; i++) writer.u64(this.#positions[i] as number);
    if (this.#hasTags) for (let i = from; i < from + count; i++) writer.i32(this.#tags[i] as number);
    if (!this.#hasGroups) return;
    for (let i = from; i < from + count; i++) {
      writer.u32(this.#highs[i] as number);
      writer.u32(this.#lows[i] as number);
    }
  }

  static read(reader: ByteReader, first: number): EntryRun {
    const count = reader.u32();
    const flags = reader.u8();
    const run = new EntryRun(first, Math.max(1, Math.min(count, reader.left)));
    run.count = count;
    run.#hasTags = (flags & HAS_TAGS) !== 0;
    run.#hasGroups = (flags & HAS_GROUPS) !== 0;
    for (let i = 0; i < count; i++) run.#positions[i] = reader.u64();
    if (run.#hasTags) for (let i = 0; i < count; i++) run.#tags[i] = reader.i32();
    if (!run.#hasGroups) return run;
    for (let i = 0; i < count; i++) {
      run.#highs[i] = reader.u32();
      run.#lows[i] = reader.u32();
    }
    return run;
  }

  #grow(): void {
    const capacity = Math.min(RUN_ENTRIES, this.#positions.length * 4);
    this.#positions = widen(this.#positions, new Float64Array(capacity));
    this.#tags = widen(this.#tags, new Int32Array(capacity));
    this.#highs = widen(this.#highs, new Uint32Array(capacity));
    this.#lows = widen(this.#lows, new Uint32Array(capacity));
  }
}

function widen<T extends Float64Array | Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
