import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBrokerError } from '../../../src/model/errors.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { decodeMarker, encodeMarker, type Marker, STORE_FORMAT, storeTagOf } from '../../../src/storage/recovery/marker.ts';
import { mutated, u64 } from '../arbitraries.ts';

const marker: fc.Arbitrary<Marker> = fc.record({
  format: fc.constant(STORE_FORMAT),
  storeId: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }),
  lowWater: u64,
  clean: fc.boolean(),
});

describe('the marker file', () => {
  test('gives back what was written', () => {
    fc.assert(
      fc.property(marker, (given) => {
        expect(decodeMarker(encodeMarker(given, portableCrc32), portableCrc32)).toEqual(given);
        expect(storeTagOf(given.storeId)).toBeLessThanOrEqual(0xffff_ffff);
      }),
    );
  });

  test('with any change in its bytes is no marker, unless the change is blank space', () => {
    const changed = marker.chain((given) => {
      const bytes = encodeMarker(given, portableCrc32);
      return fc.record({ given: fc.constant(given), changed: mutated(bytes) });
    });
    fc.assert(
      fc.property(changed, ({ given, changed: bytes }) => {
        const read = decodeMarker(bytes, portableCrc32);
        expect([undefined, given]).toContainEqual(read);
      }),
      { numRuns: 1000 },
    );
  });

  test('with one byte replaced, at every place, is no marker or the same one', () => {
    const given: Marker = { format: STORE_FORMAT, storeId: 'ab'.repeat(16), lowWater: 1234, clean: true };
    const bytes = encodeMarker(given, portableCrc32);
    let same = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        const read = decodeMarker(changed, portableCrc32);
        if (read === undefined) continue;
        same++;
        expect(read).toEqual(given);
      }
    }
    expect(same).toBeLessThan(bytes.length);
  });

  test('of a newer version is refused, and random bytes are no marker', () => {
    const newer = encodeMarker({ format: STORE_FORMAT + 1, storeId: '0'.repeat(32), lowWater: 1, clean: true }, portableCrc32);
    expect(() => decodeMarker(newer, portableCrc32)).toThrow(expect.objectContaining({ code: 'MQ_STORE_FORMAT_UNSUPPORTED' }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          try {
            expect(decodeMarker(bytes, portableCrc32)).toBeUndefined();
          } catch (error) {
            expect(isBrokerError(error)).toBe(true);
          }
        },
      ),
    );
  });
});
