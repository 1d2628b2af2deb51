import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokerError } from '../../src/model/errors.ts';
import { type GroupOptions, resolveGroupOptions } from '../../src/model/group.ts';
import { DEFAULT_LIMITS, type Limits, resolveLimits } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import { validateMessage } from '../../src/model/message-validation.ts';
import { validateGroupName, validateTopicName } from '../../src/model/names.ts';
import { parseFilter, type Subscription } from '../../src/model/subscription.ts';
import { resolveTopicOptions, type TopicOptions } from '../../src/model/topic.ts';

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
});
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a', 'topic', '\ud800'));

/** Fields that look right more often than chance would have it, so that the rules behind the first ones are reached too. */
const nearMessage = fc.record(
  {
    topic: fc.oneof({ weight: 4, arbitrary: fc.constant('topic') }, { weight: 1, arbitrary: anything }),
    body: fc.oneof(text, fc.uint8Array(), anything),
    json: anything,
    tag: fc.oneof(text, anything),
    keys: fc.oneof(fc.array(text), anything),
    properties: fc.oneof(fc.dictionary(text, text), anything),
    messageGroup: fc.oneof(text, anything),
    partitionKey: fc.oneof(text, anything),
    delayMs: anything,
  },
  { requiredKeys: [] },
);

function expectKnownError(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (error instanceof BrokerError) return;
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'MQ_ILLEGAL_ARGUMENT' });
  }
}

test('whatever is sent, validation throws nothing but a BrokerError or a TypeError with its code', () => {
  fc.assert(
    fc.property(fc.oneof(anything, nearMessage), (message) => expectKnownError(() => validateMessage(message as Message, DEFAULT_LIMITS))),
    { numRuns: 2000 },
  );
});

test('whatever is given as options, names or subscriptions, the same holds', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expectKnownError(() => resolveTopicOptions(value as TopicOptions));
      expectKnownError(() => resolveGroupOptions(value as GroupOptions));
      expectKnownError(() => resolveGroupOptions({ retryPolicy: value, startFrom: value } as GroupOptions));
      expectKnownError(() => resolveLimits(value as Partial<Limits>));
      expectKnownError(() => validateTopicName(value, DEFAULT_LIMITS));
      expectKnownError(() => validateGroupName(value, DEFAULT_LIMITS));
      expectKnownError(() => parseFilter(value as Subscription, DEFAULT_LIMITS));
      expectKnownError(() => parseFilter({ sql: value } as Subscription, DEFAULT_LIMITS));
    }),
    { numRuns: 1000 },
  );
});

test('what is accepted is within every limit', () => {
  const encoder = new TextEncoder();
  const size = (value: string): number => encoder.encode(value).byteLength;
  const limits = resolveLimits({
    maxPropertiesBytes: 40,
    maxTagBytes: 8,
    maxKeys: 3,
    maxMessageGroupBytes: 8,
    maxBodyBytes: 12,
    maxProperties: 2,
  });
  let accepted = 0;
  const message = fc.record({
    topic: fc.constant('t'),
    body: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }),
    tag: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), { nil: undefined }),
    keys: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), { maxLength: 4 }),
    properties: fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), fc.string({ maxLength: 5 }), { maxKeys: 3 }),
    messageGroup: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(message, (candidate) => {
      let draft: ReturnType<typeof validateMessage>;
      try {
        draft = validateMessage(candidate, limits);
      } catch {
        return;
      }
      accepted++;
      const properties = Object.entries(draft.properties ?? {});
      const total = [draft.tag ?? '', ...draft.keys, ...properties.flat()].reduce((sum, part) => sum + size(part), 0);
      expect(size(draft.body as string)).toBeLessThanOrEqual(12);
      expect(total).toBeLessThanOrEqual(40);
      expect(size(draft.tag ?? '')).toBeLessThanOrEqual(8);
      expect(size(draft.messageGroup ?? '')).toBeLessThanOrEqual(8);
      expect(draft.keys.length).toBeLessThanOrEqual(3);
      expect(properties.length).toBeLessThanOrEqual(2);
    }),
    { numRuns: 500 },
  );
  expect(accepted).toBeGreaterThan(20);
});
