import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import { checkDeliveryInstant, DELAY_LEVELS_MS, termsOf } from '../../src/model/message-terms.ts';

const terms = (fields: Record<string, unknown>) => termsOf({ topic: 't', body: 'x', ...fields } as Message, DEFAULT_LIMITS);
const code = (expected: string) => expect.objectContaining({ code: expected });
const FORTY_DAYS_MS = 40 * 24 * 3_600_000;

describe('the terms of a message', () => {
  test('are absent when each of their fields is', () => {
    expect(terms({ delayMs: undefined, priority: undefined })).toBeUndefined();
  });

  test('keep what was given', () => {
    expect(terms({ deliverAtMs: 5 })?.delivery).toEqual({ kind: 'instant', atMs: 5 });
    expect(terms({ delayMs: 0 })?.delivery).toEqual({ kind: 'delay', delayMs: 0 });
    expect(terms({ priority: 9, ttlMs: 1, dedupKey: 'k' })).toEqual({ delivery: undefined, priority: 9, ttlMs: 1, dedupKey: 'k' });
  });

  test('have the eighteen delay levels of RocketMQ', () => {
    expect(DELAY_LEVELS_MS).toHaveLength(18);
    expect(terms({ delayLevel: 1 })?.delivery).toEqual({ kind: 'delay', delayMs: 1_000 });
    expect(terms({ delayLevel: 5 })?.delivery).toEqual({ kind: 'delay', delayMs: 60_000 });
    expect(terms({ delayLevel: 18 })?.delivery).toEqual({ kind: 'delay', delayMs: 7_200_000 });
  });

  test.each([
    { delayMs: -1 },
    { delayMs: Number.NaN },
    { delayMs: Number.POSITIVE_INFINITY },
    { delayMs: 1.5 },
    { delayMs: FORTY_DAYS_MS + 1 },
    { deliverAtMs: -1 },
    { deliverAtMs: Number.NaN },
    { delayLevel: 0 },
    { delayLevel: 19 },
    { delayLevel: 1.5 },
  ])('refuse the delivery time %o', (fields) => {
    expect(() => terms(fields)).toThrow(code('MQ_ILLEGAL_DELIVERY_TIME'));
  });

  test.each([
    { delayMs: '5' },
    { deliverAtMs: new Date(0) },
    { delayLevel: '3' },
    { delayMs: 1, deliverAtMs: 1 },
    { delayMs: 1, delayLevel: 1 },
    { priority: 10 },
    { priority: -1 },
    { priority: 0.5 },
    { priority: 1, messageGroup: 'g' },
    { ttlMs: 0 },
    { ttlMs: 1.5 },
    { dedupKey: 5 },
  ])('refuse %o', (fields) => {
    expect(() => terms(fields)).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });

  test.each(['', ' ', 'a\nb', '\ud800', 'x'.repeat(1025)])('refuse a dedup key, and do not show it', (dedupKey) => {
    expect(() => terms({ dedupKey })).toThrow(code('MQ_ILLEGAL_MESSAGE_KEY'));
  });

  test('let an instant be as far away as the limit, and not further', () => {
    const delivery = { kind: 'instant', atMs: 1_000 + FORTY_DAYS_MS } as const;
    expect(() => checkDeliveryInstant(delivery, DEFAULT_LIMITS, 1_000)).not.toThrow();
    expect(() => checkDeliveryInstant(delivery, DEFAULT_LIMITS, 999)).toThrow(code('MQ_ILLEGAL_DELIVERY_TIME'));
    expect(() => checkDeliveryInstant(undefined, DEFAULT_LIMITS, 0)).not.toThrow();
  });
});
