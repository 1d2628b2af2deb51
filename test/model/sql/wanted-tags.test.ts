import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { SqlFilter } from '../../../src/model/sql/sql-filter.ts';
import { tagHash } from '../../../src/model/tag-filter.ts';

/** Which of the tags a, b, c and none (-) may be read for an expression. */
const mayBeRead = (sql: string): string => {
  const filter = SqlFilter.parse(sql, DEFAULT_LIMITS);
  return ['a', 'b', 'c', undefined].map((tag) => (filter.mayMatch(tagHash(tag)) ? (tag ?? '-') : '')).join('');
};

describe('what a tag rules out without reading the message', () => {
  test.each([
    ["TAGS = 'a'", 'a'],
    ["'a' = TAGS", 'a'],
    ["TAGS IN ('a', 'b')", 'ab'],
    ["TAGS = 'a' AND x = 1", 'a'],
    ["x = 1 AND (TAGS IN ('a', 'b') AND TAGS IN ('b'))", 'b'],
    ["TAGS = 'a' OR TAGS = 'b' AND x = 1", 'ab'],
    ["TAGS = 'a' OR x = 1", 'abc-'],
    ["NOT TAGS = 'a'", 'abc-'],
    ["TAGS <> 'a'", 'abc-'],
    ["TAGS NOT IN ('a')", 'abc-'],
    ['TAGS = 5', 'abc-'],
    ["TAGS IN ('a', 5)", 'abc-'],
    ['TAGS = x', 'abc-'],
    ["TAGS LIKE 'a%'", 'abc-'],
    ["(TAGS = 'a') = x", 'abc-'],
    ["(TAGS = 'a') IS NULL", 'abc-'],
    ["x = 'a'", 'abc-'],
    ['TRUE', 'abc-'],
  ])('%s reads %s', (sql, tags) => {
    expect(mayBeRead(sql)).toBe(tags);
  });
});
