import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressIn,
  CHECKPOINT_KEY,
  consumeQueueKey,
  deadLetterKey,
  groupKey,
  inFlightKey,
  numberIn,
  PREFIX,
  progressChunkKey,
  progressKey,
  rangeOf,
  subscriptionKey,
  topicKey,
} from '../../../src/storage/index/keys.ts';
import type { ProgressAddress } from '../../../src/storage/log/state-records.ts';
import { address, u16, u32, u64 } from '../arbitraries.ts';

function compareNumbers(left: readonly number[], right: readonly number[]): number {
  for (const [i, value] of left.entries()) {
    const other = right[i] ?? 0;
    if (value !== other) return Math.sign(value - other);
  }
  return 0;
}

const compareBytes = (left: Uint8Array, right: Uint8Array): number => Math.sign(Buffer.compare(left, right));
const numbersOf = (at: ProgressAddress): number[] => [at.groupId, at.topicId, at.queueId];
const isIn = (key: Uint8Array, range: { gte: Uint8Array; lt: Uint8Array }): boolean =>
  Buffer.compare(key, range.gte) >= 0 && Buffer.compare(key, range.lt) < 0;

describe('keys of the index', () => {
  test('sort as their numbers do', () => {
    fc.assert(
      fc.property(address, u64, address, u64, (left, leftOffset, right, rightOffset) => {
        const order = compareNumbers([...numbersOf(left), leftOffset], [...numbersOf(right), rightOffset]);
        expect(compareBytes(deadLetterKey(left, leftOffset), deadLetterKey(right, rightOffset))).toBe(order);
        expect(compareBytes(progressChunkKey(left, leftOffset), progressChunkKey(right, rightOffset))).toBe(order);
        expect(compareBytes(progressKey(left), progressKey(right))).toBe(compareNumbers(numbersOf(left), numbersOf(right)));
        expect(
          compareBytes(consumeQueueKey(left.topicId, left.queueId, leftOffset), consumeQueueKey(right.topicId, right.queueId, rightOffset)),
        ).toBe(compareNumbers([left.topicId, left.queueId, leftOffset], [right.topicId, right.queueId, rightOffset]));
      }),
    );
  });

  test('give their numbers back', () => {
    fc.assert(
      fc.property(address, u64, (at, number) => {
        for (const key of [progressKey(at), progressChunkKey(at, number), inFlightKey(at), deadLetterKey(at, number)])
          expect(addressIn(key)).toEqual(at);
        expect(numberIn(progressChunkKey(at, number), 11, 8)).toBe(number);
        expect(numberIn(deadLetterKey(at, number), 11, 8)).toBe(number);
        expect(numberIn(consumeQueueKey(at.topicId, at.queueId, number), 7, 8)).toBe(number);
      }),
    );
  });

  test('lie in the range of their prefix and of their first numbers, and in no other', () => {
    fc.assert(
      fc.property(address, address, u64, (at, other, number) => {
        const key = deadLetterKey(at, number);
        expect(isIn(key, rangeOf(PREFIX.deadLetter))).toBe(true);
        expect(isIn(key, rangeOf(PREFIX.inFlight))).toBe(false);
        expect(isIn(key, rangeOf(PREFIX.deadLetter, [other.groupId, 4]))).toBe(at.groupId === other.groupId);
        const narrow = rangeOf(PREFIX.deadLetter, [other.groupId, 4], [other.topicId, 4], [other.queueId, 2]);
        expect(isIn(key, narrow)).toBe(compareNumbers(numbersOf(at), numbersOf(other)) === 0);
      }),
    );
  });

  test('of different things never meet', () => {
    fc.assert(
      fc.property(u32, u32, u16, u64, fc.string({ maxLength: 20 }), (groupId, topicId, queueId, number, name) => {
        const at = { groupId, topicId, queueId };
        const keys = [
          CHECKPOINT_KEY,
          topicKey(topicId),
          groupKey(groupId),
          subscriptionKey(groupId, name),
          consumeQueueKey(topicId, queueId, number),
          progressKey(at),
          progressChunkKey(at, number),
          inFlightKey(at),
          deadLetterKey(at, number),
        ];
        expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length);
      }),
    );
  });
});
