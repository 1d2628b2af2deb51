import fc from 'fast-check';
import type { MessageExtension } from '../../src/storage/log/message-extension.ts';
import type { MessageContent } from '../../src/storage/log/message-record.ts';
import type { LeaseTerms, ProgressAddress } from '../../src/storage/log/state-records.ts';
import { hashMessageGroup } from '../../src/storage/message-group-hash.ts';

/** Numbers that a u64 field may hold, the edges more often than not. */
export const u64: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 255, 65_535, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER),
);
export const u32: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);
export const u16: fc.Arbitrary<number> = fc.oneof(fc.nat({ max: 0xffff }), fc.constantFrom(0, 255, 256, 0xffff));
/** Well-formed text: what validation lets into the store. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 200 }),
  fc.constantFrom(
    '',
    '\u0000',
    'é'.repeat(40),
    '\u{1f600}'.repeat(20),
    '\ufeffbom',
    'a'.repeat(24),
    'a'.repeat(25),
    'a'.repeat(48),
    'a'.repeat(49),
  ),
);

export const address: fc.Arbitrary<ProgressAddress> = fc.record({ groupId: u32, topicId: u32, queueId: u16 });

export const terms: fc.Arbitrary<LeaseTerms> = fc.record({
  firstLease: fc.nat(),
  untilMs: u64,
  durationMs: u64,
  holder: fc.constantFrom<LeaseTerms['holder'][]>('process', 'remote'),
});

const hexId = fc.uint8Array({ minLength: 17, maxLength: 17 }).map((bytes) => Array.from(bytes, digits).join(''));
const messageId = fc.oneof(
  hexId,
  hexId.map((id) => id.toLowerCase()),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const body = fc.oneof<fc.Arbitrary<Uint8Array | string>[]>(
  fc.uint8Array({ maxLength: 300 }),
  text,
  // Larger than a whole block.
  fc.nat({ max: 255 }).map((byte) => new Uint8Array(150_000).fill(byte)),
);

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

/** What few messages have. */
const extension: fc.Arbitrary<MessageExtension> = fc.record({
  deliverAtMs: optional(u64),
  delayMs: optional(u64),
  ttlMs: optional(u64),
  dedup: optional(text.map((key) => ({ key, hash: hashMessageGroup(key) }))),
  transactionId: optional(hexId),
});

/** Messages of all shapes. */
export const content: fc.Arbitrary<MessageContent> = fc
  .record({
    topicId: u32,
    queueId: u16,
    messageId,
    bornAtMs: u64,
    tag: fc.option(text, { nil: undefined }),
    messageGroup: fc.option(text, { nil: undefined }),
    keys: fc.array(text, { maxLength: 5 }),
    properties: fc.option(fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString')), text, { maxKeys: 5 }), {
      nil: undefined,
    }),
    extension: fc.option(extension, { nil: undefined }),
    body,
  })
  .map((message) => ({
    ...message,
    groupHash: message.messageGroup === undefined ? undefined : hashMessageGroup(message.messageGroup),
  }));

/** The bytes with one change: a bit flipped, an end cut off, bytes behind it, a byte taken out, or an area zeroed. */
export function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat({ max: Math.max(0, bytes.length - 1) });
  return fc.oneof(
    fc.tuple(place, fc.nat({ max: 7 })).map(([at, bit]) => {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      return changed;
    }),
    place.map((length) => bytes.slice(0, length)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more) => Uint8Array.from([...bytes, ...more])),
    place.map((at) => Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)])),
    fc.tuple(place, fc.integer({ min: 1, max: 64 })).map(([at, length]) => bytes.slice().fill(0, at, at + length)),
  );
}

function digits(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
