import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../../src/model/limits.ts';
import { validateGroupName, validateTopicName } from '../../src/model/names.ts';

const legalText = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'%|_-0123456789abcxyzABCXYZ'), minLength: 1, maxLength, size: 'max' });

describe.each([
  { what: 'topic', validate: validateTopicName, code: 'MQ_ILLEGAL_TOPIC', longest: 127 },
  { what: 'consumer group', validate: validateGroupName, code: 'MQ_ILLEGAL_CONSUMER_GROUP', longest: 120 },
])('the name of a $what', ({ validate, code, longest }) => {
  test("may be anything of RocketMQ's characters and length", () => {
    fc.assert(
      fc.property(legalText(longest), (name) => {
        expect(validate(name, DEFAULT_LIMITS)).toBe(name);
      }),
    );
    expect(validate('a'.repeat(longest), DEFAULT_LIMITS)).toHaveLength(longest);
  });

  test('is refused exactly when its characters or its length are not legal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (name) => {
        const legal = /^[%|a-zA-Z0-9_-]+$/.test(name) && name.length <= longest;
        if (legal) expect(validate(name, DEFAULT_LIMITS)).toBe(name);
        else expect(() => validate(name, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code }));
      }),
    );
  });

  test.each(['', ' ', 'a b', 'a.b', 'a/b', 'ä', 'a\n', '\u{1f600}', 'a\u0000'])('is not %j', (name) => {
    expect(() => validate(name, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code }));
  });

  test('is not longer than the limit', () => {
    expect(() => validate('a'.repeat(longest + 1), DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code }));
    const limits = resolveLimits({ maxTopicLength: 3, maxGroupLength: 3 });
    expect(validate('abc', limits)).toBe('abc');
    expect(() => validate('abcd', limits)).toThrow('3 characters');
  });

  test.each([undefined, null, 5, {}, ['a'], Symbol('a')])('is not %o', (name) => {
    expect(() => validate(name, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });
});

test.each(['TBW102', 'SCHEDULE_TOPIC_XXXX', 'BenchmarkTest', 'OFFSET_MOVED_EVENT', 'rmq_sys_anything'])('topic %s is reserved', (name) => {
  expect(() => validateTopicName(name, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_TOPIC' }));
  expect(validateGroupName(name, DEFAULT_LIMITS)).toBe(name);
});

test('groups of the system are reserved', () => {
  expect(() => validateGroupName('CID_RMQ_SYS_x', DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_CONSUMER_GROUP' }));
  expect(validateTopicName('CID_RMQ_SYS_x', DEFAULT_LIMITS)).toBe('CID_RMQ_SYS_x');
});
