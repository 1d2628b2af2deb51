import { describe, expect, test } from 'vitest';
import { Suspects } from '../../../src/delivery/queues/suspects.ts';
import { QueueProgress, type UnsettledMessage } from '../../../src/storage/index/queue-progress.ts';

const progress = new QueueProgress({ groupId: 1, topicId: 1, queueId: 0 }, 0, () => undefined);
const TERMS = { firstLease: 1, untilMs: 1, durationMs: 1, holder: 'process' } as const;

function message(offset: number, facts: { deaths: number; attempt: number }): UnsettledMessage {
  return Object.assign(progress.handOut(offset, facts.attempt, offset, TERMS), { deaths: facts.deaths });
}

describe('a message that was in flight when the process died', () => {
  test.each([
    [0, 15, 16, false],
    [1, 1, 16, false],
    [1, 13, 16, false],
    [1, 14, 16, true],
    [1, 15, 16, true],
    [1, 1, 2, true],
    [2, 1, 16, true],
    [3, 1, 16, true],
  ])('after %i deaths, at attempt %i of %i, is a suspect: %s', (deaths, attempt, maxAttempts, expected) => {
    expect(new Suspects().isSuspect(message(1, { deaths, attempt }), maxAttempts)).toBe(expected);
  });

  test('goes out alone: others wait until its delivery has ended, and then compete anew', () => {
    const suspects = new Suspects();
    const [first, second, third] = [1, 2, 3].map((offset) => message(offset, { deaths: 2, attempt: 1 })) as [
      UnsettledMessage,
      UnsettledMessage,
      UnsettledMessage,
    ];
    const retried: number[] = [];
    const mayGo = (one: UnsettledMessage): boolean => {
      const isHeld = suspects.holds(one, () => {
        retried.push(one.offset);
        if (mayGo(one)) retried.push(-one.offset);
      });
      if (!isHeld) suspects.start(one);
      return !isHeld;
    };
    expect(mayGo(first)).toBe(true);
    expect(mayGo(first)).toBe(true);
    expect([mayGo(second), mayGo(third)]).toEqual([false, false]);
    suspects.ended(third);
    expect(retried).toEqual([]);
    suspects.ended(first);
    expect(retried).toEqual([2, -2, 3]);
    suspects.ended(second);
    expect(retried).toEqual([2, -2, 3, 3, -3]);
    suspects.ended(third);
    expect(mayGo(first)).toBe(true);
  });
});
