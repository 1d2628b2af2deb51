import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBrokerError } from '../../../src/model/errors.ts';
import { ByteReader } from '../../../src/storage/byte-reader.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { BLOCK_HEADER_BYTES, BLOCK_TARGET_BYTES, Block, BlockBuilder, blockKey, sequenceOfKey } from '../../../src/storage/log/block.ts';
import { readMessage } from '../../../src/storage/log/message-record.ts';
import { readAddress, readDeadLetters, readHandOut, readOffsets, readRetryWaits } from '../../../src/storage/log/state-records.ts';
import { blockSequenceOf, endOfBlock, logPosition, MAX_RECORDS_PER_BLOCK, recordNumberOf } from '../../../src/storage/log-position.ts';
import { readOpened } from '../../../src/storage/recovery/opened-record.ts';
import { mutated, u32, u64 } from '../arbitraries.ts';

const record = fc.tuple(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 60 }));
const stamp = fc.record({ sequence: u64.map((value) => value % 2 ** 37), storedAtMs: u64, storeTag: u32 });

function pack(
  records: readonly (readonly [number, Uint8Array])[],
  header: { sequence: number; storedAtMs: number; storeTag: number },
): Uint8Array {
  const builder = new BlockBuilder();
  for (const [kind, bytes] of records) {
    builder.begin(kind);
    builder.raw(bytes);
    builder.end();
  }
  return builder.finish(header, portableCrc32).slice();
}

/** Gives bytes a checksum that fits, as a broken writer would. */
function resealed(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  if (sealed.length >= 4) new DataView(sealed.buffer).setUint32(0, portableCrc32(sealed.subarray(4)), true);
  return sealed;
}

function expectRefusal(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isBrokerError(error)) throw error;
    expect(['MQ_STORE_CORRUPT', 'MQ_STORE_FORMAT_UNSUPPORTED']).toContain(error.code);
  }
}

describe('a block', () => {
  test('keeps its records and its header', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), stamp, (records, header) => {
        const block = Block.read(pack(records, header), header.sequence, portableCrc32);
        expect(block).toMatchObject({ ...header, records: records.length });
        for (const [number, [kind, bytes]] of records.entries()) {
          const bounds = block.record(number);
          expect(bounds.kind).toBe(kind);
          expect(block.bytes.slice(bounds.start, bounds.end)).toEqual(bytes);
          expect(block.readerAt(bounds).left).toBe(bytes.length);
        }
        expect(() => block.record(records.length)).toThrow(expect.objectContaining({ code: 'MQ_STORE_CORRUPT' }));
      }),
    );
  });

  test('with any change in its bytes is refused, and so is one under another key', () => {
    const changed = fc
      .tuple(fc.array(record, { minLength: 1, maxLength: 8 }), stamp)
      .chain(([records, header]) => {
        const bytes = pack(records, header);
        return fc.record({ header: fc.constant(header), bytes: fc.constant(bytes), damaged: mutated(bytes) });
      })
      .filter(({ bytes, damaged }) => Buffer.compare(bytes, damaged) !== 0);
    fc.assert(
      fc.property(changed, ({ header, bytes, damaged }) => {
        const corrupt = expect.objectContaining({ code: 'MQ_STORE_CORRUPT' });
        expect(() => Block.read(damaged, header.sequence, portableCrc32)).toThrow(corrupt);
        expect(() => Block.read(bytes, header.sequence + 1, portableCrc32)).toThrow(corrupt);
      }),
      { numRuns: 500 },
    );
  });

  test('of a newer format is told apart from a damaged one', () => {
    const bytes = pack([[1, new Uint8Array(3)]], { sequence: 5, storedAtMs: 1, storeTag: 2 });
    bytes[4] = 2;
    expect(() => Block.read(resealed(bytes), 5, portableCrc32)).toThrow(expect.objectContaining({ code: 'MQ_STORE_FORMAT_UNSUPPORTED' }));
  });

  test('of random bytes under a checksum that fits is read or refused, but never brings a reader down', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.array(record, { minLength: 1, maxLength: 6 }), stamp).chain(([records, header]) => mutated(pack(records, header))),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const sealed = resealed(given);
        const sequence = sealed.length < BLOCK_HEADER_BYTES ? 0 : new ByteReader(sealed, 8).u32();
        expectRefusal(() => {
          const block = Block.read(sealed, sequence, portableCrc32);
          for (let number = 0; number < Math.min(block.records, 100); number++) {
            const bounds = block.record(number);
            expect(bounds.end).toBeLessThanOrEqual(sealed.length);
            expectRefusal(() => readMessage(block, number));
            expectRefusal(() => readOpened(block, number));
          }
        });
      }),
      { numRuns: 1000 },
    );
  });

  test('refuses a record beyond its target or its number of records, but takes one that is larger than the target', () => {
    const builder = new BlockBuilder();
    expect(builder.refuses(10 * BLOCK_TARGET_BYTES)).toBe(false);
    builder.begin(1);
    builder.raw(new Uint8Array(BLOCK_TARGET_BYTES - 1000));
    builder.end();
    expect(builder.refuses(100)).toBe(false);
    expect(builder.refuses(1000)).toBe(true);
    builder.restart();
    for (let i = 0; i < MAX_RECORDS_PER_BLOCK; i++) {
      builder.begin(1);
      builder.end();
    }
    expect(builder.refuses(0)).toBe(true);
    expect(Block.own(builder.finish({ sequence: 1, storedAtMs: 0, storeTag: 0 }, portableCrc32)).records).toBe(MAX_RECORDS_PER_BLOCK);
  });
});

describe('a state record of random bytes', () => {
  test('is read or refused, and its reader stays inside', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        let visits = 0;
        const seen = (): void => {
          // A count that no checksum guarded could be any number; the walk over offsets belongs to who trusts it.
          if (++visits > 1000) throw new RangeError('stop');
        };
        for (const read of [
          readAddress,
          (reader: ByteReader) => readOffsets(reader, seen),
          (reader: ByteReader) => readRetryWaits(reader, seen),
          (reader: ByteReader) => readDeadLetters(reader, seen),
          (reader: ByteReader) => readHandOut(reader, seen),
        ]) {
          visits = 0;
          const reader = new ByteReader(bytes);
          try {
            read(reader);
          } catch (error) {
            if (!(error instanceof RangeError)) expect(isBrokerError(error) && error.code).toBe('MQ_STORE_CORRUPT');
          }
          expect(reader.at).toBeLessThanOrEqual(bytes.length);
        }
      }),
    );
  });
});

describe('a log position', () => {
  const sequence = fc.nat({ max: 2 ** 37 - 1 });
  const number = fc.nat({ max: MAX_RECORDS_PER_BLOCK - 1 });

  test('gives block and record back, and compares as they do', () => {
    fc.assert(
      fc.property(sequence, number, sequence, number, (block, record, otherBlock, otherRecord) => {
        const position = logPosition(block, record);
        expect([blockSequenceOf(position), recordNumberOf(position)]).toEqual([block, record]);
        const smaller = block < otherBlock || (block === otherBlock && record < otherRecord);
        expect(position < logPosition(otherBlock, otherRecord)).toBe(smaller);
        expect(position).toBeLessThan(endOfBlock(block));
        expect(endOfBlock(block)).toBeLessThan(logPosition(block + 1, 0));
      }),
    );
  });

  test('lies under a key whose order is that of the sequences', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (left, right) => {
        expect(sequenceOfKey(blockKey(left))).toBe(left);
        expect(Math.sign(Buffer.compare(blockKey(left), blockKey(right)))).toBe(Math.sign(left - right));
      }),
    );
    expect(() => sequenceOfKey(new Uint8Array(7))).toThrow(expect.objectContaining({ code: 'MQ_STORE_CORRUPT' }));
  });
});
