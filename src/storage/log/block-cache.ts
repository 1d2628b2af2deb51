import { Block } from './block.ts';

/** Smaller blocks are copied exactly: such an allocation is cheap, and rounding up would waste a good part of the cache. */
const SPARE_FROM_BYTES = 32 * 1024;
/** Buffers of blocks that are not small have a multiple of this size, so that one serves another block. */
const SPARE_STEP_BYTES = 16 * 1024;
/** Buffers that wait for their next block; more than these are left to the garbage collector. */
const MAX_SPARES = 8;

/** The blocks used last, by sequence. A block is charged with the bytes that it keeps alive. */
export class BlockCache {
  readonly #limitBytes: number;
  readonly #blocks = new Map<number, Block>();
  /** Blocks that somebody may hold while the event loop goes on: their bytes are never used again. */
  readonly #lent = new WeakSet<Block>();
  /** Buffers of blocks that left. Every dozen megabytes of new ones would cost a full collection. */
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A block to look into now: its bytes may belong to another one in the next turn of the event loop. */
  peek(sequence: number): Block | undefined {
    return this.#blocks.get(sequence);
  }

  /** A block to keep. */
  lend(sequence: number): Block | undefined {
    const block = this.#blocks.get(sequence);
    if (block !== undefined) this.#lent.add(block);
    return block;
  }

  /** Takes a copy of what was written. */
  own(written: Uint8Array): Block {
    if (written.length < SPARE_FROM_BYTES) return Block.own(written.slice());
    const capacity = Math.ceil(written.length / SPARE_STEP_BYTES) * SPARE_STEP_BYTES;
    const at = this.#spares.findIndex((spare) => spare.length === capacity);
    const buffer = at < 0 ? new Uint8Array(capacity) : (this.#spares.splice(at, 1)[0] as Uint8Array);
    buffer.set(written);
    return Block.own(buffer.subarray(0, written.length));
  }

  /** Keeps a block that came out of the store. Others hold it too. */
  putRead(block: Block): void {
    this.#lent.add(block);
    this.put(block);
  }

  /** Blocks leave in the order in which they came: readers follow the end of the log, so that age is as good as use and costs nothing per read. */
  put(block: Block): void {
    const charge = block.bytes.buffer.byteLength;
    if (charge > this.#limitBytes || this.#blocks.has(block.sequence)) return;
    this.#blocks.set(block.sequence, block);
    this.#bytes += charge;
    if (this.#bytes <= this.#limitBytes) return;
    for (const [sequence, oldest] of this.#blocks) {
      this.#blocks.delete(sequence);
      this.#bytes -= oldest.bytes.buffer.byteLength;
      this.#reuse(oldest);
      if (this.#bytes <= this.#limitBytes) return;
    }
  }

  #reuse(block: Block): void {
    if (block.bytes.length < SPARE_FROM_BYTES || this.#lent.has(block)) return;
    this.#spares.push(new Uint8Array(block.bytes.buffer as ArrayBuffer));
    if (this.#spares.length > MAX_SPARES) this.#spares.shift();
  }
}
