import type { Block } from './block.ts';

/** The blocks used last, by sequence. A block is charged with the bytes that it keeps alive. */
export class BlockCache {
  readonly #limitBytes: number;
  readonly #blocks = new Map<number, Block>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(sequence: number): Block | undefined {
    return this.#blocks.get(sequence);
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
      if (this.#bytes <= this.#limitBytes) return;
    }
  }
}
