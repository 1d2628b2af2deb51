import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { LogPosition } from '../log-position.ts';
import type { GroupHash } from '../message-group-hash.ts';

/** Changes that a chunk holds, and one value of the index at most. */
export const CHUNK_CHANGES = 4096;

/** What became of a dedup key: a message that has it was stored, or that message was taken back. */
export interface DedupChange {
  readonly topicId: number;
  readonly hash: GroupHash;
  /** Where the message lies, not the record that takes it back. */
  readonly position: LogPosition;
  /** When the block was stored that tells the change. */
  readonly storedAtMs: number;
  readonly isFreed: boolean;
}

/** A few thousand changes, packed: 28 bytes each. */
export class DedupChunk {
  count = 0;
  readonly #topics = new Uint32Array(CHUNK_CHANGES);
  readonly #highs = new Uint32Array(CHUNK_CHANGES);
  readonly #lows = new Uint32Array(CHUNK_CHANGES);
  /** Negative for a message that was taken back. */
  readonly #positions = new Float64Array(CHUNK_CHANGES);
  readonly #instants = new Float64Array(CHUNK_CHANGES);

  get isFull(): boolean {
    return this.count === CHUNK_CHANGES;
  }

  push(topicId: number, hash: GroupHash, signedPosition: number, storedAtMs: number): void {
    const at = this.count++;
    this.#topics[at] = topicId;
    this.#highs[at] = hash.high;
    this.#lows[at] = hash.low;
    this.#positions[at] = signedPosition;
    this.#instants[at] = storedAtMs;
  }

  topicAt(number: number): number {
    return this.#topics[number] as number;
  }

  instantAt(number: number): number {
    return this.#instants[number] as number;
  }

  /** Whether one of its changes is of that kind. */
  has(isWanted: IsKept): boolean {
    for (let number = 0; number < this.count; number++) if (isWanted(this.topicAt(number), this.instantAt(number))) return true;
    return false;
  }

  changeAt(number: number): DedupChange {
    const position = this.#positions[number] as number;
    return {
      topicId: this.topicAt(number),
      hash: { high: this.#highs[number] as number, low: this.#lows[number] as number },
      position: Math.abs(position),
      storedAtMs: this.instantAt(number),
      isFreed: position < 0,
    };
  }

  /** Writes the changes of these numbers as the content of one value. */
  write(writer: ByteWriter, numbers: readonly number[]): void {
    writer.u32(numbers.length);
    for (const number of numbers) {
      const position = this.#positions[number] as number;
      writer.u32(this.#topics[number] as number);
      writer.u32(this.#highs[number] as number);
      writer.u32(this.#lows[number] as number);
      writer.u64(Math.abs(position));
      writer.u64(this.#instants[number] as number);
      writer.u8(position < 0 ? 1 : 0);
    }
  }
}

/** The changes of one value, in their order. */
export function readChanges(reader: ByteReader, each: (change: DedupChange) => void): void {
  for (let left = reader.u32(); left > 0; left--) {
    const topicId = reader.u32();
    const hash = { high: reader.u32(), low: reader.u32() };
    const position = reader.u64();
    const storedAtMs = reader.u64();
    each({ topicId, hash, position, storedAtMs, isFreed: reader.u8() === 1 });
  }
}

/** Whether somebody may still ask for a change that was stored then. */
export type IsKept = (topicId: number, storedAtMs: number) => boolean;

/** Changes that the index does not have yet, in their order. */
export class DedupChanges {
  readonly chunks: DedupChunk[];
  readonly #isKept: IsKept;

  /** Without a checkpoint for a long time the changes that are not kept make room for others. */
  constructor(isKept: IsKept, chunks: DedupChunk[] = []) {
    this.#isKept = isKept;
    this.chunks = chunks;
  }

  get isEmpty(): boolean {
    return this.chunks.length === 0;
  }

  /** The position is negative for a message that was taken back. */
  push(topicId: number, hash: GroupHash, signedPosition: number, storedAtMs: number): void {
    let last = this.chunks.at(-1);
    if (last === undefined || last.isFull) {
      const [first] = this.chunks;
      if (first?.isFull && !first.has(this.#isKept)) this.chunks.shift();
      last = new DedupChunk();
      this.chunks.push(last);
    }
    last.push(topicId, hash, signedPosition, storedAtMs);
  }

  each(visit: (change: DedupChange) => void): void {
    for (const chunk of this.chunks) for (let number = 0; number < chunk.count; number++) visit(chunk.changeAt(number));
  }
}
