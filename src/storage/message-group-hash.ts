const encoder = new TextEncoder();
const PRIME_LOW = 0x1b3;
const OFFSET_LOW = 0x8422_2325 | 0;
const OFFSET_HIGH = 0xcbf2_9ce4 | 0;
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
  let low = OFFSET_LOW;
  let high = OFFSET_HIGH;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return hashBytes(encoder.encode(text));
    low ^= code;
    // The product of 64 bits, in parts that a 32-bit integer holds.
    const lower = (low & 0xffff) * PRIME_LOW;
    const upper = (low >>> 16) * PRIME_LOW + (lower >>> 16);
    high = (Math.imul(high, PRIME_LOW) + (upper >>> 16) + (low << 8)) | 0;
    low = (upper << 16) | (lower & 0xffff);
  }
  return { high: high >>> 0, low: low === 0 && high === 0 ? 1 : low >>> 0 };
}

/** The same for text that is not ASCII. */
function hashBytes(bytes: Uint8Array): GroupHash {
  let low = OFFSET_LOW;
  let high = OFFSET_HIGH;
  for (const byte of bytes) {
    low ^= byte;
    const lower = (low & 0xffff) * PRIME_LOW;
    const upper = (low >>> 16) * PRIME_LOW + (lower >>> 16);
    high = (Math.imul(high, PRIME_LOW) + (upper >>> 16) + (low << 8)) | 0;
    low = (upper << 16) | (lower & 0xffff);
  }
  return { high: high >>> 0, low: low === 0 && high === 0 ? 1 : low >>> 0 };
}

export function groupKeyOf(high: number, low: number): GroupKey {
  const key = (high & 0x1f_ffff) * WORD + low;
  return key === 0 && high !== 0 ? 1 : key;
}

/** The queue that a hash chooses among `queueCount`. */
export function queueOfHash(hash: GroupHash, queueCount: number): number {
  return ((hash.high ^ hash.low) >>> 0) % queueCount;
}
