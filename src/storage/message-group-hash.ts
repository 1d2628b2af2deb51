const encoder = new TextEncoder();
const scratch = new Uint8Array(512);
const PRIME_LOW = 0x1b3;
const WORD = 0x1_0000_0000;

/** A message group's hash as stored: two 32-bit halves. */
export interface GroupHash {
  high: number;
  low: number;
}

/** In memory a message group is one number of 53 bits; two groups that share it merely wait for each other. 0 is no group. */
export type GroupKey = number;

/**
 * FNV-1a with 64 bits over the UTF-8 bytes: version 1 of the hash by which message groups and partition keys choose their queue,
 * and by which a message group is locked. Changing it would move groups to other queues, hence the version in every topic.
 */
export function hashMessageGroup(text: string): GroupHash {
  const bytes = text.length * 3 <= scratch.length ? scratch : new Uint8Array(text.length * 3);
  const { written } = encoder.encodeInto(text, bytes);
  let low = 0x84222325;
  let high = 0xcbf29ce4;
  for (let i = 0; i < written; i++) {
    low = (low ^ (bytes[i] as number)) >>> 0;
    const product = low * PRIME_LOW;
    high = (Math.imul(high, PRIME_LOW) + Math.floor(product / WORD) + (low << 8)) >>> 0;
    low = (product % WORD) >>> 0;
  }
  return { high, low: low === 0 && high === 0 ? 1 : low };
}

export function groupKeyOf(high: number, low: number): GroupKey {
  const key = (high & 0x1f_ffff) * WORD + low;
  return key === 0 && high !== 0 ? 1 : key;
}

/** The queue that a hash chooses among `queueCount`. */
export function queueOfHash(hash: GroupHash, queueCount: number): number {
  return ((hash.high ^ hash.low) >>> 0) % queueCount;
}
