import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { isSameFilter, type MessageFilter } from '../../src/model/message-filter.ts';
import { parseFilter, type Subscription } from '../../src/model/subscription.ts';

const parse = (subscription: unknown): MessageFilter => parseFilter(subscription as Subscription, DEFAULT_LIMITS);

describe('a subscription', () => {
  test('by tags is the same as a text and as an object', () => {
    for (const expression of ['*', 'a || b', ' b||a']) expect(isSameFilter(parse(expression), parse({ tag: expression }))).toBe(true);
    expect(parse({ tag: 'a', sql: undefined })).toMatchObject({ language: 'tag', normal: 'a' });
  });

  test('by SQL is another one than by a tag of the same text', () => {
    const [tag, sql] = [parse('a = 1'), parse({ sql: 'a = 1' })];
    expect([tag.normal, sql.normal]).toEqual(['a = 1', 'a = 1']);
    expect([isSameFilter(tag, sql), isSameFilter(sql, parse({ sql: '(a)=1', tag: undefined }))]).toEqual([false, true]);
  });

  test.each([
    undefined,
    null,
    5,
    [],
    {},
    { tag: null },
    { tag: 'a', mode: 1 },
    { sql: null },
    { sql: 7 },
    { sql: ['a = 1'] },
    { sql: 'a = 1', tag: 'a' },
    { sql: 'a = 1', tag: null },
    { sql: 'a = 1', mode: 1 },
  ])('is not %j', (subscription) => {
    expect(() => parse(subscription)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });
});
