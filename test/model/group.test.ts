import { describe, expect, test } from 'vitest';
import { type GroupOptions, resolveGroupOptions, resolveStartFrom } from '../../src/model/group.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/model/retry-policy.ts';

describe('group options', () => {
  test('default to an ordered group with 17 attempts from the earliest message', () => {
    const expected = { ordered: true, maxAttempts: 17, retryPolicy: DEFAULT_RETRY_POLICY, startFrom: 'earliest', paused: false };
    expect(resolveGroupOptions(undefined)).toEqual(expected);
    expect(resolveGroupOptions({ ordered: undefined })).toEqual(expected);
  });

  test('take what is absent from the given defaults', () => {
    const before = resolveGroupOptions({ ordered: false, maxAttempts: 3, startFrom: { atMs: 5 } });
    expect(resolveGroupOptions({ paused: true }, before)).toEqual({ ...before, paused: true });
  });

  test('keep every option', () => {
    const retryPolicy = { kind: 'customized', delaysMs: [1, 2] } as const;
    const options = { ordered: false, maxAttempts: 1, retryPolicy, startFrom: 'latest', paused: true } as const;
    expect(resolveGroupOptions(options)).toEqual(options);
  });

  test.each([
    null,
    5,
    { ordered: 'yes' },
    { ordered: null },
    { maxAttempts: 0 },
    { maxAttempts: Number.NaN },
    { maxAttempts: 2 ** 31 },
    { retryPolicy: 'exponential' },
    { startFrom: 'now' },
    { startFrom: null },
    { startFrom: { atMs: -1 } },
    { startFrom: { atMs: Number.NaN } },
    { startFrom: { offset: 3 } },
    { paused: 0 },
    { order: true },
  ])('are not %j', (options) => {
    expect(() => resolveGroupOptions(options as unknown as GroupOptions)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });

  test('name what is not built yet', () => {
    const attempt = () => resolveGroupOptions({ deadLetterRetentionMs: 5 } as GroupOptions);
    expect(attempt).toThrow(expect.objectContaining({ code: 'MQ_NOT_SUPPORTED' }));
    expect(attempt).toThrow('deadLetterRetentionMs');
  });
});

test('a start instant is copied', () => {
  const startFrom = { atMs: 5 };
  expect(resolveStartFrom(startFrom)).toEqual(startFrom);
  expect(resolveStartFrom(startFrom)).not.toBe(startFrom);
});
