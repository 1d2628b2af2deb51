/** Offsets of one chunk; a chunk is what a snapshot writes again when something in it changed. */
export const CHUNK_OFFSETS = 16_384;
const WORDS = CHUNK_OFFSETS / 32;

export function chunkOf(offset: number): number {
  return Math.floor(offset / CHUNK_OFFSETS);
}

/**
 * Which offsets of a queue are settled: all below the floor, and single ones above it as bits.
 * Bits below the floor mean nothing; chunks below it are forgotten.
 */
export class SettledOffsets {
  /** All offsets below are settled. */
  floor: number;
  readonly #chunks = new Map<number, Int32Array>();

  constructor(floor: number) {
    this.floor = floor;
  }

  has(offset: number): boolean {
    if (offset < this.floor) return true;
    const words = this.#chunks.get(chunkOf(offset));
    if (words === undefined) return false;
    const bit = offset % CHUNK_OFFSETS;
    return ((words[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  }

  /** Settles an offset and lifts the floor over everything that is settled by now. */
  add(offset: number): void {
    if (offset < this.floor) return;
    if (offset !== this.floor) return this.#mark(offset);
    const before = chunkOf(this.floor++);
    if (this.#chunks.size === 0) return;
    while (this.has(this.floor)) this.floor++;
    for (let chunk = before; chunk < chunkOf(this.floor); chunk++) this.#chunks.delete(chunk);
  }

  /** Everything below `floor` is settled, nothing above it. */
  reset(floor: number): void {
    this.floor = floor;
    this.#chunks.clear();
  }

  /** Bits of a chunk at and above the floor as bytes, or `undefined` where there is none. */
  chunkBytes(chunk: number): Uint8Array | undefined {
    const words = this.#chunks.get(chunk);
    if (words === undefined) return undefined;
    const bytes = new Uint8Array(CHUNK_OFFSETS / 8);
    let any = false;
    const first = chunk * CHUNK_OFFSETS;
    for (let bit = Math.max(0, this.floor - first); bit < CHUNK_OFFSETS; bit++) {
      const word = words[bit >>> 5] as number;
      if (word === 0) bit |= 31;
      else if (word & (1 << (bit & 31))) {
        bytes[bit >>> 3] = (bytes[bit >>> 3] as number) | (1 << (bit & 7));
        any = true;
      }
    }
    return any ? bytes : undefined;
  }

  /** Settled offsets above the floor. */
  countAboveFloor(): number {
    let count = 0;
    for (const [chunk, words] of this.#chunks) {
      const first = chunk * CHUNK_OFFSETS;
      for (let bit = Math.max(0, this.floor - first); bit < CHUNK_OFFSETS; bit++) {
        if (((words[bit >>> 5] as number) & (1 << (bit & 31))) !== 0) count++;
      }
    }
    return count;
  }

  /** Chunks that have bits. */
  chunks(): IterableIterator<number> {
    return this.#chunks.keys();
  }

  /** Takes the bits of a chunk over from a snapshot. */
  load(chunk: number, bytes: Uint8Array): void {
    const words = new Int32Array(WORDS);
    for (let i = 0; i < bytes.length; i++) words[i >>> 2] = (words[i >>> 2] as number) | ((bytes[i] as number) << ((i & 3) * 8));
    this.#chunks.set(chunk, words);
  }

  #mark(offset: number): void {
    const chunk = chunkOf(offset);
    let words = this.#chunks.get(chunk);
    if (words === undefined) {
      words = new Int32Array(WORDS);
      this.#chunks.set(chunk, words);
    }
    const bit = offset % CHUNK_OFFSETS;
    words[bit >>> 5] = (words[bit >>> 5] as number) | (1 << (bit & 31));
  }
}
