/** Stands for any one character where code points are listed. */
export const ANY = -1;
const WORD_BITS = 32;

/**
 * Characters that are looked for in a text, some of which may be any. All beginnings that still fit are kept as bits of one set, which moves on by one
 * shift a character: the time is that of the text's length times a thirty-second of the needle's, whatever both hold.
 */
export class WildcardNeedle {
  readonly #length: number;
  readonly #words: number;
  /** By code point: where in the needle it may stand. */
  readonly #places = new Map<number, Int32Array>();
  /** Where any character may stand. */
  readonly #anywhere: Int32Array;

  constructor(codePoints: readonly number[]) {
    this.#length = codePoints.length;
    this.#words = Math.ceil(codePoints.length / WORD_BITS);
    this.#anywhere = this.#placesOf(codePoints, ANY);
    for (const codePoint of codePoints) {
      if (codePoint === ANY || this.#places.has(codePoint)) continue;
      const places = this.#placesOf(codePoints, codePoint);
      for (let word = 0; word < places.length; word++) places[word] = (places[word] as number) | (this.#anywhere[word] as number);
      this.#places.set(codePoint, places);
    }
  }

  /** Where the first occurrence between `from` and `to` ends; -1 where there is none. */
  endIn(text: string, from: number, to: number): number {
    // Bit i is set where the first i + 1 characters of the needle fit the last ones of the text.
    const fitting = new Int32Array(this.#words);
    const last = this.#length - 1;
    const lastWord = last >>> 5;
    const lastBit = 1 << (last & (WORD_BITS - 1));
    for (let at = from; at < to; ) {
      const codePoint = text.codePointAt(at) as number;
      at += codePoint > 0xffff ? 2 : 1;
      const places = this.#places.get(codePoint) ?? this.#anywhere;
      let carry = 1;
      for (let word = 0; word < fitting.length; word++) {
        const before = fitting[word] as number;
        fitting[word] = ((before << 1) | carry) & (places[word] as number);
        carry = before >>> (WORD_BITS - 1);
      }
      if (((fitting[lastWord] as number) & lastBit) !== 0) return at;
    }
    return -1;
  }

  #placesOf(codePoints: readonly number[], wanted: number): Int32Array {
    const places = new Int32Array(this.#words);
    for (const [index, codePoint] of codePoints.entries()) {
      if (codePoint === wanted) places[index >>> 5] = (places[index >>> 5] as number) | (1 << (index & (WORD_BITS - 1)));
    }
    return places;
  }
}
