/** A chunk that grows beyond this is cut in two: small enough that an insertion in its middle moves little. */
const CHUNK_NAMES = 512;

/** Which names are wanted, and how many of them at most. */
export interface NameRange {
  readonly first: string;
  /** The first one that does not belong to the range any more; absent: all up to the last. */
  readonly end?: string | undefined;
  /** The last of them first. */
  readonly reverse: boolean;
  readonly most: number;
}

/** A set of names in their order, in chunks, so that a change costs little however many there are. */
export class SortedNames {
  readonly #chunks: string[][] = [];

  /** A name that is there already is not added again. */
  add(name: string): void {
    const number = this.#chunkOf(name);
    const chunk = this.#chunks[number];
    if (chunk === undefined) {
      this.#chunks.push([name]);
      return;
    }
    const at = lowerBound(chunk, name);
    if (chunk[at] === name) return;
    // Names that only rise fill each chunk to its end.
    if (at === chunk.length && at >= CHUNK_NAMES) this.#chunks.splice(number + 1, 0, [name]);
    else {
      chunk.splice(at, 0, name);
      if (chunk.length > CHUNK_NAMES) this.#chunks.splice(number + 1, 0, chunk.splice(chunk.length >>> 1));
    }
  }

  delete(name: string): void {
    const number = this.#chunkOf(name);
    const chunk = this.#chunks[number];
    const at = chunk === undefined ? 0 : lowerBound(chunk, name);
    if (chunk === undefined || chunk[at] !== name) return;
    chunk.splice(at, 1);
    if (chunk.length === 0) this.#chunks.splice(number, 1);
  }

  in({ first, end, reverse, most }: NameRange): string[] {
    return reverse ? this.#descending(first, end, most) : this.#ascending(first, end, most);
  }

  #ascending(first: string, end: string | undefined, most: number): string[] {
    const names: string[] = [];
    for (let number = this.#chunkOf(first); number < this.#chunks.length; number++) {
      const chunk = this.#chunks[number] as string[];
      for (let at = lowerBound(chunk, first); at < chunk.length; at++) {
        const name = chunk[at] as string;
        if (names.length === most || (end !== undefined && name >= end)) return names;
        names.push(name);
      }
    }
    return names;
  }

  #descending(first: string, end: string | undefined, most: number): string[] {
    const names: string[] = [];
    for (let number = end === undefined ? this.#chunks.length - 1 : this.#chunkOf(end); number >= 0; number--) {
      const chunk = this.#chunks[number];
      if (chunk === undefined) break;
      for (let at = (end === undefined ? chunk.length : lowerBound(chunk, end)) - 1; at >= 0; at--) {
        const name = chunk[at] as string;
        if (names.length === most || name < first) return names;
        names.push(name);
      }
    }
    return names;
  }

  /** The last chunk that begins at or before a name, or the first one. */
  #chunkOf(name: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.[0] as string) <= name) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** The first place whose name is not below the given one. */
function lowerBound(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
