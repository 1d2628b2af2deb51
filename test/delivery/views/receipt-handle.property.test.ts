import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Receipt, ReceiptHandles } from '../../../src/delivery/views/receipt-handle.ts';
import { sipHash } from '../../../src/delivery/views/sip-hash.ts';
import { address, u64 } from '../../storage/arbitraries.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const receipt: fc.Arbitrary<Receipt> = fc.record({ address, offset: u64, leaseNumber: u64, endsAtMs: u64 });
const invalid = expect.objectContaining({ code: 'MQ_INVALID_RECEIPT_HANDLE' });

describe('SipHash-2-4', () => {
  // The reference vectors of its authors: key 00 01 … 0f, input 00 01 … of each length, output in little-endian bytes.
  test.each([
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [2, '5a4fa9d909806c0d'],
    [3, '2d7efbd796666785'],
    [4, 'b7877127e09427cf'],
    [5, '8da699cd64557618'],
    [6, 'cee3fe586e46c9cb'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
  ])('of %i bytes is the published one', (length, expected) => {
    const { high, low } = sipHash(
      KEY,
      Uint8Array.from({ length }, (_, i) => i),
    );
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(low, 0);
    bytes.writeUInt32LE(high, 4);
    expect(bytes.toString('hex')).toBe(expected);
  });

  test('reads its key and its input wherever they lie in a buffer', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.nat({ max: 5 }),
        (key, bytes, skip) => {
          const shifted = (of: Uint8Array): Uint8Array => Uint8Array.from([...new Uint8Array(skip), ...of]).subarray(skip);
          expect(sipHash(shifted(key), shifted(bytes))).toEqual(sipHash(key, bytes));
        },
      ),
    );
  });
});

describe('a receipt handle', () => {
  const handles = new ReceiptHandles(KEY);

  test('gives back the receipt that it was made of', () => {
    fc.assert(
      fc.property(receipt, (given) => {
        const handle = handles.encode(given);
        expect(handle).toMatch(/^[A-Za-z0-9_-]{56}$/);
        expect(handles.decode(handle)).toEqual(given);
      }),
    );
  });

  test('with one character changed, at any place, was never issued', () => {
    fc.assert(
      fc.property(receipt, fc.nat({ max: 55 }), fc.nat({ max: 63 }), (given, at, letter) => {
        const handle = handles.encode(given);
        const changed = handle.slice(0, at) + ALPHABET.charAt(letter) + handle.slice(at + 1);
        if (changed !== handle) expect(() => handles.decode(changed)).toThrow(invalid);
      }),
      { numRuns: 1000 },
    );
  });

  test('of another store, cut, grown or made up was never issued', () => {
    const other = new ReceiptHandles(new Uint8Array(16));
    fc.assert(
      fc.property(receipt, fc.integer({ min: 1, max: 55 }), fc.string({ maxLength: 120 }), (given, cut, text) => {
        const handle = handles.encode(given);
        for (const wrong of [
          other.encode(given),
          handle.slice(0, cut),
          `${handle}A`,
          `${handle}AAAA`,
          `${handle}=`,
          ` ${handle}`,
          text,
          `${handle}\n`,
        ])
          expect(() => handles.decode(wrong)).toThrow(invalid);
      }),
    );
  });
});
