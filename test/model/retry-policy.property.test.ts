import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_RETRY_POLICY, type RetryPolicy, resolveRetryPolicy, retryDelayMs } from '../../src/model/retry-policy.ts';

const delayMs = fc.integer({ min: 0, max: 10_000_000 });
const attempt = fc.integer({ min: 1, max: 100_000 });
const exponential = fc.record({
  kind: fc.constant('exponential' as const),
  initialMs: delayMs,
  maxMs: delayMs,
  multiplier: fc.double({ min: 1, max: 1e6, noNaN: true }),
});
const customized = fc.record({ kind: fc.constant('customized' as const), delaysMs: fc.array(delayMs, { minLength: 1 }) });

describe('the wait before a retry', () => {
  test("is by default RocketMQ's documented table, whose last value is repeated", () => {
    const seconds = Array.from({ length: 18 }, (_, i) => retryDelayMs(DEFAULT_RETRY_POLICY, i + 1) / 1000);
    expect(seconds).toEqual([10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200, 7200, 7200]);
  });

  test('doubles until its maximum', () => {
    const policy: RetryPolicy = { kind: 'exponential', initialMs: 5000, maxMs: 60_000, multiplier: 2 };
    expect([1, 2, 3, 4, 5, 6, 1000].map((k) => retryDelayMs(policy, k))).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test('stays 0 when it begins with 0, however large the power', () => {
    expect(retryDelayMs({ kind: 'exponential', initialMs: 0, maxMs: 10, multiplier: 10 }, 1000)).toBe(0);
  });

  test('is a whole number from 0 to the maximum and never falls from one attempt to the next', () => {
    fc.assert(
      fc.property(exponential, attempt, (policy, k) => {
        const now = retryDelayMs(policy, k);
        expect(Number.isSafeInteger(now)).toBe(true);
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(policy.maxMs);
        expect(retryDelayMs(policy, k + 1)).toBeGreaterThanOrEqual(now);
      }),
    );
  });

  test('follows the formula to the millisecond', () => {
    fc.assert(
      fc.property(exponential, fc.integer({ min: 1, max: 20 }), (policy, k) => {
        let exact = policy.initialMs;
        for (let step = 1; step < k; step++) exact *= policy.multiplier;
        const expected = Math.min(exact, policy.maxMs);
        // The product is rounded to a millisecond; multiplying step by step may differ in the last digits of a double.
        expect(Math.abs(retryDelayMs(policy, k) - expected)).toBeLessThanOrEqual(0.5 + expected * 1e-12);
      }),
    );
  });

  test('is the entry of its attempt in a list, or the last', () => {
    fc.assert(
      fc.property(customized, attempt, (policy, k) => {
        expect(retryDelayMs(policy, k)).toBe(k <= policy.delaysMs.length ? policy.delaysMs[k - 1] : policy.delaysMs.at(-1));
      }),
    );
  });
});

describe('a retry policy', () => {
  test('that is correct is copied, so that later writes by the caller change nothing', () => {
    fc.assert(
      fc.property(fc.oneof(exponential, customized), (policy) => {
        const resolved = resolveRetryPolicy(policy);
        expect(resolved).toEqual(policy);
        expect(resolved).not.toBe(policy);
        if (policy.kind === 'customized' && resolved.kind === 'customized') expect(resolved.delaysMs).not.toBe(policy.delaysMs);
      }),
    );
  });

  test.each([
    null,
    'exponential',
    {},
    { kind: 'linear' },
    { kind: 'exponential' },
    { kind: 'exponential', initialMs: -1, maxMs: 1, multiplier: 2 },
    { kind: 'exponential', initialMs: 1, maxMs: Number.POSITIVE_INFINITY, multiplier: 2 },
    { kind: 'exponential', initialMs: 1, maxMs: 1, multiplier: 0.5 },
    { kind: 'exponential', initialMs: 1, maxMs: 1, multiplier: Number.NaN },
    { kind: 'exponential', initialMs: 1, maxMs: 1, multiplier: 2, jitter: 1 },
    { kind: 'customized', delaysMs: [] },
    { kind: 'customized', delaysMs: new Array(2) },
    { kind: 'customized', delaysMs: [1.5] },
    { kind: 'customized', delaysMs: 'soon' },
    { kind: 'customized', delaysMs: new Array(1025).fill(1) },
  ])('is not %j', (policy) => {
    expect(() => resolveRetryPolicy(policy)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });
});
