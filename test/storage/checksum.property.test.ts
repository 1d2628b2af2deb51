import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { portableCrc32 } from '../../src/storage/checksum.ts';
import { groupKeyOf, hashMessageGroup, queueOfHash } from '../../src/storage/message-group-hash.ts';

const zlibCrc32 = (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32;

describe('the portable CRC-32', () => {
  test.each([
    ['', 0],
    ['123456789', 0xcbf4_3926],
    ['The quick brown fox jumps over the lazy dog', 0x414f_a339],
  ])('of %j is the published one', (text, expected) => {
    expect(portableCrc32(new TextEncoder().encode(text))).toBe(expected);
  });

  test.runIf(zlibCrc32 !== undefined)("equals zlib's for any bytes, also those in the middle of a buffer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 9 }), (bytes, from) => {
        const part = bytes.subarray(Math.min(from, bytes.length));
        expect(portableCrc32(part)).toBe(zlibCrc32?.(part));
      }),
    );
  });
});

describe('the hash of a message group', () => {
  // FNV-1a 64, from the reference test suite of its authors.
  test.each([
    ['', 0xcbf2_9ce4, 0x8422_2325],
    ['a', 0xaf63_dc4c, 0x8601_ec8c],
    ['b', 0xaf63_df4c, 0x8601_f1a5],
    ['foo', 0xdcb2_7518, 0xfed9_d577],
    ['foobar', 0x8594_4171, 0xf739_67e8],
  ])('of %j is the published one', (text, high, low) => {
    expect(hashMessageGroup(text)).toEqual({ high, low });
  });

  test('equals a naive one in 64-bit integers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        let hash = 0xcbf2_9ce4_8422_2325n;
        for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x100_0000_01b3n) & 0xffff_ffff_ffff_ffffn;
        expect(hashMessageGroup(text)).toEqual({ high: Number(hash >> 32n), low: Number(hash & 0xffff_ffffn) });
      }),
    );
  });

  test('becomes a safe number that is 0 for no group alone', () => {
    const word = fc.oneof(fc.nat({ max: 0xffff_ffff }), fc.constantFrom(0, 1, 0x20_0000, 0xffe0_0000, 0xffff_ffff));
    fc.assert(
      fc.property(word, word, (high, low) => {
        const key = groupKeyOf(high, low);
        expect(Number.isSafeInteger(key)).toBe(true);
        expect(key === 0).toBe(high === 0 && low === 0);
      }),
    );
  });

  test('chooses one of the queues, and spreads groups over all of them', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (text, count) => {
        const queue = queueOfHash(hashMessageGroup(text), count);
        expect(Number.isInteger(queue) && queue >= 0 && queue < count).toBe(true);
      }),
    );
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8000; i++) {
      const queue = queueOfHash(hashMessageGroup(`order-${i}`), 8);
      counts[queue] = (counts[queue] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });
});
