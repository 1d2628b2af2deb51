import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { LogPosition } from '../log-position.ts';
import type { GroupHash } from '../message-group-hash.ts';

/** Changes that a chunk holds, and one value of the index at most. */
const CHUNK_CHANGES = 4096;

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

/*
 * A change has seven words:
 *
 *   0  topic id
 *   1  high, 2 low half of the key's hash
 *   3  low half of the log position, 4 its high part; there the highest bit is set for a message that was taken back
 *   5  low half of the instant, 6 its high part
 */
const WORDS = 7;
const WORD = 0x1_0000_0000;
const FREED = 0x8000_0000;
/** Chunks that wait for their next use: new memory for each would cost full collections. */
const MAX_SPARES = 32;
const spares: Uint32Array[] = [];

/** A few thousand changes, packed: 28 bytes each. */
export class DedupChunk {
  count = 0;
  readonly #words = spares.pop() ?? new Uint32Array(CHUNK_CHANGES * WORDS);

  get isFull(): boolean {
    return this.count === CHUNK_CHANGES;
  }

  push(topicId: number, hash: GroupHash, signedPosition: number, storedAtMs: number): void {
    const words = this.#words;
    const at = this.count++ * WORDS;
    const position = Math.abs(signedPosition);
    words[at] = topicId;
    words[at + 1] = hash.high;
    words[at + 2] = hash.low;
    words[at + 3] = position % WORD;
    words[at + 4] = Math.floor(position / WORD) + (signedPosition < 0 ? FREED : 0);
    words[at + 5] = storedAtMs % WORD;
    words[at + 6] = Math.floor(storedAtMs / WORD);
  }

  topicAt(number: number): number {
    return this.#words[number * WORDS] as number;
  }

  instantAt(number: number): number {
    const at = number * WORDS;
    return (this.#words[at + 6] as number) * WORD + (this.#words[at + 5] as number);
  }

  /** Whether one of its changes is of that kind. */
  has(isWanted: IsKept): boolean {
    for (let number = 0; number < this.count; number++) if (isWanted(this.topicAt(number), this.instantAt(number))) return true;
    return false;
  }

  changeAt(number: number): DedupChange {
    const words = this.#words;
    const at = number * WORDS;
    const upper = words[at + 4] as number;
    return {
      topicId: words[at] as number,
      hash: { high: words[at + 1] as number, low: words[at + 2] as number },
      position: (upper % FREED) * WORD + (words[at + 3] as number),
      storedAtMs: this.instantAt(number),
      isFreed: upper >= FREED,
    };
  }

  /** Writes the changes of these numbers as the content of one value. */
  write(writer: ByteWriter, numbers: readonly number[]): void {
    const words = this.#words;
    writer.u32(numbers.length);
    for (const number of numbers) {
      const at = number * WORDS;
      const upper = words[at + 4] as number;
      for (let word = 0; word < 4; word++) writer.u32(words[at + word] as number);
      writer.u32(upper % FREED);
      writer.u32(words[at + 5] as number);
      writer.u32(words[at + 6] as number);
      writer.u8(upper >= FREED ? 1 : 0);
    }
  }

  /** Nobody looks at its changes any more. */
  recycle(): void {
    this.count = 0;
    if (spares.length < MAX_SPARES) spares.push(this.#words);
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
