import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/storage/byte-reader.ts';
import { ByteWriter } from '../../../src/storage/byte-writer.ts';
import {
  type DeadLetterMark,
  type LeaseTerms,
  type RetryWait,
  readAddress,
  readChangeInvisible,
  readDeadLetters,
  readHandOut,
  readOffsets,
  readRetryWaits,
  writeAddress,
  writeChangeInvisible,
  writeDeadLetters,
  writeHandOut,
  writeOffsets,
  writeRetryWaits,
} from '../../../src/storage/log/state-records.ts';
import { address, terms, text, u32, u64 } from '../arbitraries.ts';

/** Writes, reads, and sees that nothing is left over. */
function through<T>(write: (writer: ByteWriter) => void, read: (reader: ByteReader) => T): T {
  const writer = new ByteWriter(16);
  write(writer);
  const reader = new ByteReader(writer.copy());
  const result = read(reader);
  expect(reader.left).toBe(0);
  return result;
}

const offset = fc.oneof(
  fc.nat({ max: 30 }),
  fc.maxSafeNat().map((value) => Math.min(value, Number.MAX_SAFE_INTEGER - 100)),
);
const offsets = fc.uniqueArray(offset, { maxLength: 40 });

describe('a record of delivery state', () => {
  test('keeps its address', () => {
    fc.assert(
      fc.property(address, (at) => {
        expect(through((writer) => writeAddress(writer, at), readAddress)).toEqual(at);
      }),
    );
  });

  test('keeps its offsets, in rising order, neighbours in one run', () => {
    fc.assert(
      fc.property(offsets, (given) => {
        const runs: [number, number][] = through(
          (writer) => writeOffsets(writer, [...given]),
          (reader) => {
            const read: [number, number][] = [];
            readOffsets(reader, (first, count) => read.push([first, count]));
            return read;
          },
        );
        const sorted = [...given].sort((left, right) => left - right);
        expect(runs.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i))).toEqual(sorted);
        for (const [i, [first]] of runs.entries()) {
          const before = runs[i - 1];
          if (before !== undefined) expect(first).toBeGreaterThan(before[0] + before[1]);
        }
      }),
    );
  });

  test('of a hand-out keeps offsets in their order, each with its attempt and lease', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(offset, fc.integer({ min: 1, max: 3 })), { maxLength: 40 }), terms, (picks, given) => {
        const read: [number, number, number, LeaseTerms][] = [];
        through(
          (writer) =>
            writeHandOut(
              writer,
              given,
              picks.map(([at, attempt]) => ({ offset: at, attempt })),
            ),
          (reader) => readHandOut(reader, (...one) => read.push(one)),
        );
        expect(read).toEqual(picks.map(([at, attempt], i) => [at, attempt, given.firstLease + i, given]));
      }),
    );
  });

  test('of a changed lease, of waits and of dead letters keeps every field', () => {
    const wait: fc.Arbitrary<RetryWait> = fc.record({ offset: u64, visibleAtMs: u64, delayMs: u64 });
    const mark: fc.Arbitrary<DeadLetterMark> = fc.record({ offset: u64, attempts: u32, atMs: u64, reason: text, position: u64 });
    fc.assert(
      fc.property(u64, terms, fc.array(wait), fc.array(mark), (at, given, waits, marks) => {
        expect(through((writer) => writeChangeInvisible(writer, at, given), readChangeInvisible)).toEqual({ offset: at, terms: given });
        const readWaits: RetryWait[] = [];
        through(
          (writer) => writeRetryWaits(writer, waits),
          (reader) => readRetryWaits(reader, (one) => readWaits.push(one)),
        );
        expect(readWaits).toEqual(waits);
        const readMarks: DeadLetterMark[] = [];
        through(
          (writer) => writeDeadLetters(writer, marks),
          (reader) => readDeadLetters(reader, (one) => readMarks.push(one)),
        );
        expect(readMarks).toEqual(marks);
      }),
    );
  });
});
