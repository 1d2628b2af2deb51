import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBrokerError } from '../../src/model/errors.ts';
import { ByteReader } from '../../src/storage/byte-reader.ts';
import { ByteWriter } from '../../src/storage/byte-writer.ts';
import { text, u16, u32, u64 } from './arbitraries.ts';

type Verb = 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'shortText' | 'longText';
type Step = readonly [verb: Verb, value: number | string];
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant<Verb>('u8'), fc.nat({ max: 255 })),
  fc.tuple(fc.constant<Verb>('u16'), u16),
  fc.tuple(fc.constant<Verb>('u32'), u32),
  fc.tuple(fc.constant<Verb>('i32'), fc.integer()),
  fc.tuple(fc.constant<Verb>('u64'), u64),
  fc.tuple(fc.constantFrom<Verb[]>('shortText', 'longText'), text),
);

describe('bytes that were written', () => {
  test('are read as the same values, from however small a buffer the writer began', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 64 }), (steps, capacity) => {
        const writer = new ByteWriter(capacity);
        for (const [verb, value] of steps) (writer[verb] as (value: number | string) => void)(value);
        const reader = new ByteReader(writer.copy());
        for (const [verb, value] of steps) expect(reader[verb]()).toBe(value);
        expect(reader.left).toBe(0);
      }),
    );
  });

  test('are never read past their end', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 30 }),
        fc.array(fc.constantFrom<Verb[]>('u8', 'u16', 'u32', 'u64', 'shortText', 'longText')),
        (bytes, verbs) => {
          const reader = new ByteReader(bytes);
          try {
            for (const verb of verbs) reader[verb]();
          } catch (error) {
            expect(isBrokerError(error) && error.code).toBe('MQ_STORE_CORRUPT');
          }
          expect(reader.at).toBeLessThanOrEqual(bytes.length);
        },
      ),
    );
  });

  test('that are no UTF-8 are refused, and a number beyond 2^53 is too', () => {
    expect(() => new ByteReader(Uint8Array.of(0xff, 0xfe)).text(2)).toThrow(expect.objectContaining({ code: 'MQ_STORE_CORRUPT' }));
    expect(() => new ByteReader(new Uint8Array(8).fill(0xff)).u64()).toThrow(expect.objectContaining({ code: 'MQ_STORE_CORRUPT' }));
  });
});
