import type { KeyRange, KeyValueEntry } from '../../model/key-value-port.ts';

/** Keys a chunk holds before it is split: small enough that an insertion in its middle moves little. */
const CHUNK_KEYS = 512;

/** A run of neighbouring keys. It is copied before a change when a snapshot may still look at it. */
interface Chunk {
  readonly generation: number;
  readonly keys: string[];
  readonly entries: KeyValueEntry[];
}

/**
 * An ordered map from bytes to bytes with snapshots that cost almost nothing.
 * A key is kept as a string with one character a byte, because strings compare by character and so exactly as unsigned bytes do.
 */
export class OrderedBytes {
  readonly #chunks: Chunk[] = [];
  #generation = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The stored entry itself; callers that hand it out copy it. */
  get(key: Uint8Array): Uint8Array | undefined {
    const text = keyText(key);
    const chunk = this.#chunks[this.#chunkIndex(text)];
    if (chunk === undefined) return undefined;
    const index = lowerBound(chunk.keys, text);
    return chunk.keys[index] === text ? chunk.entries[index]?.[1] : undefined;
  }

  /** Keeps a copy of both. */
  set(key: Uint8Array, value: Uint8Array): void {
    const text = keyText(key);
    const entry: KeyValueEntry = [key.slice(), value.slice()];
    const last = this.#chunks[this.#chunks.length - 1];
    if (last === undefined || (text > (last.keys[last.keys.length - 1] ?? '') && last.keys.length >= CHUNK_KEYS)) {
      this.#chunks.push({ generation: this.#generation, keys: [text], entries: [entry] });
      this.#size += 1;
      return;
    }
    const position = this.#chunkIndex(text);
    const chunk = this.#writable(position);
    const index = lowerBound(chunk.keys, text);
    if (chunk.keys[index] === text) {
      chunk.entries[index] = entry;
      return;
    }
    chunk.keys.splice(index, 0, text);
    chunk.entries.splice(index, 0, entry);
    this.#size += 1;
    if (chunk.keys.length > CHUNK_KEYS) this.#split(position, chunk);
  }

  delete(key: Uint8Array): void {
    const text = keyText(key);
    const position = this.#chunkIndex(text);
    const found = this.#chunks[position];
    if (found === undefined) return;
    const index = lowerBound(found.keys, text);
    if (found.keys[index] !== text) return;
    const chunk = this.#writable(position);
    chunk.keys.splice(index, 1);
    chunk.entries.splice(index, 1);
    this.#size -= 1;
    if (chunk.keys.length === 0) this.#chunks.splice(position, 1);
  }

  /** The entries of a range in the range's order, without copies; later changes of the map do not show. */
  *range(range: KeyRange): Generator<KeyValueEntry, void, undefined> {
    const gte = range.gte === undefined ? '' : keyText(range.gte);
    const lt = range.lt === undefined ? undefined : keyText(range.lt);
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    for (const entry of range.reverse === true ? this.#descending(gte, lt) : this.#ascending(gte, lt)) {
      yield entry;
      left -= 1;
      if (left === 0) return;
    }
  }

  /** A map of its own with the same content; the two share memory until one of them changes. */
  clone(): OrderedBytes {
    const copy = new OrderedBytes();
    for (const chunk of this.#share()) copy.#chunks.push(chunk);
    // The copy may write to none of the shared chunks either.
    copy.#generation = this.#generation;
    copy.#size = this.#size;
    return copy;
  }

  *#ascending(gte: string, lt: string | undefined): Generator<KeyValueEntry, void, undefined> {
    const chunks = this.#share();
    for (let position = chunkIndex(chunks, gte); position < chunks.length; position += 1) {
      const chunk = chunks[position];
      if (chunk === undefined) return;
      for (let index = lowerBound(chunk.keys, gte); index < chunk.keys.length; index += 1) {
        const entry = chunk.entries[index];
        const text = chunk.keys[index];
        if (entry === undefined || text === undefined || (lt !== undefined && text >= lt)) return;
        yield entry;
      }
    }
  }

  *#descending(gte: string, lt: string | undefined): Generator<KeyValueEntry, void, undefined> {
    const chunks = this.#share();
    for (let position = lt === undefined ? chunks.length - 1 : chunkIndex(chunks, lt); position >= 0; position -= 1) {
      const chunk = chunks[position];
      if (chunk === undefined) return;
      for (let index = (lt === undefined ? chunk.keys.length : lowerBound(chunk.keys, lt)) - 1; index >= 0; index -= 1) {
        const entry = chunk.entries[index];
        const text = chunk.keys[index];
        if (entry === undefined || text === undefined || text < gte) return;
        yield entry;
      }
    }
  }

  /** A list of the chunks as they are now; from here on every one of them is copied before it changes. */
  #share(): Chunk[] {
    this.#generation += 1;
    return this.#chunks.slice();
  }

  #writable(position: number): Chunk {
    const chunk = this.#chunks[position];
    if (chunk !== undefined && chunk.generation === this.#generation) return chunk;
    const own: Chunk = { generation: this.#generation, keys: chunk?.keys.slice() ?? [], entries: chunk?.entries.slice() ?? [] };
    this.#chunks[position] = own;
    return own;
  }

  #split(position: number, chunk: Chunk): void {
    const half = chunk.keys.length >>> 1;
    this.#chunks.splice(position + 1, 0, {
      generation: this.#generation,
      keys: chunk.keys.splice(half),
      entries: chunk.entries.splice(half),
    });
  }

  #chunkIndex(text: string): number {
    return chunkIndex(this.#chunks, text);
  }
}

/** One character a byte. */
function keyText(key: Uint8Array): string {
  let text = '';
  for (let index = 0; index < key.length; index += 1) text += String.fromCharCode(key[index] ?? 0);
  return text;
}

/** The last chunk that begins at or before `text`, or 0. */
function chunkIndex(chunks: readonly Chunk[], text: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunks[middle]?.keys[0] ?? '') <= text) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The first index whose key is not below `text`. */
function lowerBound(keys: readonly string[], text: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
