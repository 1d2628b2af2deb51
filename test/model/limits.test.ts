import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, type Limits, resolveLimits } from '../../src/model/limits.ts';

describe('limits', () => {
  test("default to RocketMQ's numbers and ours", () => {
    expect(resolveLimits(undefined)).toMatchObject({
      maxBodyBytes: 4_194_304,
      maxProperties: 128,
      maxPropertiesBytes: 16_384,
      maxTopicLength: 127,
      maxGroupLength: 120,
      maxMessageGroupBytes: 63,
      maxBatchMessages: 4096,
      maxBatchBytes: 33_554_432,
      maxReceiveCount: 1024,
      maxInvisibleDurationMs: 43_200_000,
      maxDelayMs: 3_456_000_000,
      maxFilterBytes: 16_384,
      maxTopics: 100_000,
      maxUnsettledPerGroup: 1_000_000,
      maxQueuedBytes: 67_108_864,
      cacheBytes: 67_108_864,
      minFreeDiskBytes: 67_108_864,
    });
  });

  test('keep what the caller gave, take the rest from the defaults, and cannot be written afterwards', () => {
    const limits = resolveLimits({ maxBodyBytes: 10, maxTopics: undefined } as unknown as Partial<Limits>);
    expect(limits).toEqual({ ...DEFAULT_LIMITS, maxBodyBytes: 10 });
    expect(Object.isFrozen(limits)).toBe(true);
    expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true);
  });

  test.each(Object.keys(DEFAULT_LIMITS))('refuse a wrong %s and name it', (name) => {
    for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, 1n, {}]) {
      const attempt = () => resolveLimits({ [name]: wrong } as Partial<Limits>);
      expect(attempt).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
      expect(attempt).toThrow(name);
    }
  });

  test('may be 0 only where that means none', () => {
    expect(resolveLimits({ minFreeDiskBytes: 0 }).minFreeDiskBytes).toBe(0);
    expect(() => resolveLimits({ maxTopics: 0 })).toThrow('maxTopics');
  });

  test.each(['maxBodyByte', 'toString', '__proto__', 'constructor'])('do not know %s', (name) => {
    const limits = JSON.parse(`{"${name}": 1}`) as Partial<Limits>;
    expect(() => resolveLimits(limits)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });

  test.each([null, 5, 'x', []])('are not %o', (value) => {
    expect(() => resolveLimits(value as unknown as Partial<Limits>)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });
});
