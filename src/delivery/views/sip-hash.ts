/**
 * The four words of 64 bits that SipHash works on, each as a low and a high half: word n lies at 2n and 2n + 1. Numbers of 32 bits are several
 * times faster than `bigint`, and every delay message is sent with a hash.
 */
const state = new Int32Array(8);
const [V0, V1, V2, V3] = [0, 2, 4, 6] as const;
const END = 0xff;

/** SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits, in two halves. */
export function sipHash(key: Uint8Array, bytes: Uint8Array): { high: number; low: number } {
  start(V0, key, 0, 0x70736575, 0x736f6d65);
  start(V1, key, 8, 0x6e646f6d, 0x646f7261);
  start(V2, key, 0, 0x6e657261, 0x6c796765);
  start(V3, key, 8, 0x79746573, 0x74656462);
  const words = Math.floor(bytes.length / 8);
  for (let word = 0; word <= words; word++) {
    const low = halfAt(bytes, word * 8);
    // The last word ends with the length, in its highest byte.
    const high = halfAt(bytes, word * 8 + 4) | (word === words ? (bytes.length & 255) << 24 : 0);
    xor(V3, low, high);
    round();
    round();
    xor(V0, low, high);
  }
  xor(V2, END, 0);
  for (let i = 0; i < 4; i++) round();
  return { high: folded(1), low: folded(0) };
}

function start(word: number, key: Uint8Array, at: number, low: number, high: number): void {
  state[word] = halfAt(key, at) ^ low;
  state[word + 1] = halfAt(key, at + 4) ^ high;
}

/** Four bytes, the lowest first; those behind the end are 0. */
function halfAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function xor(word: number, low: number, high: number): void {
  state[word] = (state[word] as number) ^ low;
  state[word + 1] = (state[word + 1] as number) ^ high;
}

function round(): void {
  mix(V0, V1, 13);
  swap(V0);
  mix(V2, V3, 16);
  mix(V0, V3, 21);
  mix(V2, V1, 17);
  swap(V2);
}

/** Adds `other` to `sum`, then rotates `other` by less than 32 bits and combines it with the new sum. */
function mix(sum: number, other: number, by: number): void {
  const low = state[other] as number;
  const high = state[other + 1] as number;
  const lowSum = ((state[sum] as number) >>> 0) + (low >>> 0);
  const highSum = (state[sum + 1] as number) + high + (lowSum > 0xffff_ffff ? 1 : 0);
  state[sum] = lowSum;
  state[sum + 1] = highSum;
  state[other] = ((low << by) | (high >>> (32 - by))) ^ lowSum;
  state[other + 1] = ((high << by) | (low >>> (32 - by))) ^ highSum;
}

/** A rotation by 32 bits. */
function swap(word: number): void {
  const low = state[word] as number;
  state[word] = state[word + 1] as number;
  state[word + 1] = low;
}

function folded(half: 0 | 1): number {
  const [v0, v1, v2, v3] = [state[V0 + half], state[V1 + half], state[V2 + half], state[V3 + half]] as [number, number, number, number];
  return (v0 ^ v1 ^ v2 ^ v3) >>> 0;
}
