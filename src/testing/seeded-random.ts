import type { Random } from '../index.ts';

/**
 * Chance that can be repeated: two sources with one seed give the same numbers and bytes. For tests only, because it can be foreseen.
 *
 * @param seed - any number; its lower 32 bits count
 * @public
 * @since 0.1.0
 */
export function seededRandom(seed: number): Random {
  // Four words, filled from the seed by a mixing step, and advanced by shifts and rotations (the xoshiro128** scheme).
  const words = new Uint32Array(4);
  let mixed = seed >>> 0;
  for (let i = 0; i < words.length; i++) {
    mixed = (mixed + 0x9e37_79b9) >>> 0;
    words[i] = scramble(mixed);
  }
  const next32 = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = words;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const tail = d ^ b;
    const third = c ^ a;
    words[0] = a ^ tail;
    words[1] = b ^ third;
    words[2] = third ^ (b << 9);
    words[3] = rotate(tail, 11);
    return result;
  };
  return {
    bytes: (count: number): Uint8Array => Uint8Array.from({ length: count }, () => next32() >>> 24),
    next: (): number => ((next32() >>> 5) * 0x400_0000 + (next32() >>> 6)) / 2 ** 53,
  };
}

function rotate(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}

function scramble(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
