import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BrokerError, isBrokerError } from '../../../src/model/errors.ts';
import { DEFAULT_LIMITS, type Limits, resolveLimits } from '../../../src/model/limits.ts';
import { SqlFilter } from '../../../src/model/sql/sql-filter.ts';
import { messageOf } from './answers.ts';
import { message, spell, taste, tree } from './generated-expression.ts';

function errorOf(sql: string, limits: Limits = DEFAULT_LIMITS): BrokerError {
  try {
    SqlFilter.parse(sql, limits);
  } catch (error) {
    if (isBrokerError(error)) return error;
    throw error;
  }
  throw new Error(`${sql} was parsed`);
}

/** An expression, the column of its first line (or line and column) where it is wrong, and words of the error that tell why and what to do. */
const wrong: readonly (readonly [sql: string, place: number | readonly [line: number, column: number], ...words: string[]])[] = [
  ['', 1, 'no condition', "'*'"],
  ['   ', 4, 'no condition'],
  ['-- nothing', 11, 'no condition'],
  ['a =', 4, 'missing', 'at its end'],
  ['a = = 5', 5, 'missing', '"= 5"'],
  ['a = 1 AND', 10, 'missing'],
  ['AND a = 1', 1, 'missing'],
  ['a = 1 b = 2', 7, 'an operator is missing'],
  ["a 'x'", 3, 'an operator is missing'],
  ['a = 1 = 2', 7, 'a second operator', 'BETWEEN'],
  ['1 < a < 5', 7, 'a second operator', 'BETWEEN'],
  ['a > 1 IS NULL', 7, 'a second operator', 'parentheses'],
  ['(a = 1', 1, 'a parenthesis', 'no end'],
  ['(a = 1 AND (b = 2)', 1, 'a parenthesis', 'no end'],
  ['a = 1)', 6, 'not opened'],
  ['a = (1', 5, 'no end'],
  ['()', 2, 'missing'],
  ['length(a) > 1', 7, 'no functions'],
  ['a + 1 > 2', 3, 'no arithmetic'],
  ['a-b = 1', 2, 'no arithmetic', '"a-b"'],
  ['a.b = 1', 2, '"a.b"', 'double quotes'],
  ['a = -b', 6, 'a sign'],
  ['größe > 1', 3, 'double quotes'],
  ['a != 1', 3, '<>'],
  ['a == 1', 3, 'write ='],
  ['a => 1', 3, 'write >='],
  ['a =< 1', 3, 'write <='],
  ['a = 1 && b = 2', 7, 'write AND'],
  ['a = 1 || b = 2', 7, 'write OR'],
  ['!a', 1, 'write NOT'],
  ['*', 1, "'*'"],
  ['`a` = 1', 1, 'double quotes'],
  ['a = "x"', 5, 'single quotes'],
  ['a BETWEEN "x" AND 5', 11, 'single quotes'],
  ['"" = 1', 1, 'empty'],
  ["a = 'x", 5, 'no end', "close it with '"],
  ['"a = 1', 1, 'no end', 'close it with "'],
  ["a = 'it's'", 9, 'an operator is missing'],
  ['a = 1 /* b = 2', 7, 'a comment', 'no end'],
  ["a = 'x\ty'", 7, 'control character'],
  ['"a\u0001" = 1', 3, 'control character'],
  ["a = '\ud800'", 6, 'surrogate'],
  ['a = 007', 5, 'begins with 0'],
  ['a = 5x', 6, 'a number goes on'],
  ['a = 5AND b = 1', 6, 'a number goes on'],
  ['a = 1.2.3', 8, 'a number goes on'],
  ['a = 5LL', 7, 'a number goes on'],
  ['a = 9223372036854775808', 5, '64 bits', '1e20'],
  ['a = -9223372036854775809', 6, '64 bits'],
  ['a = 1e400', 5, 'too large'],
  ['a = 1e-400', 5, 'too small'],
  ["a > 'x'", 5, 'no order'],
  ["'x' <= a", 1, 'no order'],
  ["a BETWEEN 'a' AND 'b'", 11, 'no order'],
  ["'x' BETWEEN 1 AND 2", 1, 'no order'],
  ['a > TRUE', 5, 'no order'],
  ['(a = 1) < 2', 1, 'no order'],
  ['a = NULL', 5, 'IS NULL'],
  ['NULL <> a', 1, 'IS NULL'],
  ['(a = 1) = 2', 11, 'a number is compared with a condition'],
  ["'x' = TRUE", 1, 'a text is compared with a condition'],
  ['a BETWEEN 5 AND 1', 11, 'wrong order'],
  ['a BETWEEN 9007199254740993 AND 9007199254740992', 11, 'wrong order'],
  ['a BETWEEN 1 OR 2', 13, 'AND is missing'],
  ['a IS 5', 6, 'NULL is missing'],
  ['a IS NOT 5', 10, 'NULL is missing'],
  ['a IN 5', 6, 'no list'],
  ['a IN ()', 7, 'missing'],
  ["a IN ('x' 'y')", 11, 'commas'],
  ["a IN ('x',)", 11, 'missing'],
  ['a IN (b)', 7, 'single quotes'],
  ['a IN ("x")', 7, 'single quotes'],
  ['a IN (NULL)', 7, 'texts and numbers'],
  ["'x' IN ('x')", 1, 'no property on its left'],
  ["(a = 1) LIKE 'x'", 1, 'no property on its left'],
  ['a LIKE b', 8, 'no text on its right'],
  ["a LIKE 'x' ESCAPE", 18, 'no text on its right'],
  ["a LIKE 'x' ESCAPE '!!'", 19, 'exactly one character'],
  ["a LIKE 'x' ESCAPE ''", 19, 'exactly one character'],
  ["a LIKE 'x!y' ESCAPE '!'", 8, 'escape character'],
  ["a LIKE 'x!' ESCAPE '!'", 8, 'escape character'],
  ["a CONTAINS ''", 12, 'empty', 'IS NOT NULL'],
  ["a STARTSWITH ''", 14, 'empty'],
  ["a NOT ENDSWITH ''", 16, 'empty'],
  ['a CONTAINS 5', 12, 'no text on its right'],
  ['a NOT = 5', 7, 'NOT is followed'],
  ["'x'", 1, 'a text alone'],
  ['5', 1, 'a number alone'],
  ["a = 1 AND 'x'", 11, 'a text alone'],
  ['NOT 5', 5, 'a number alone'],
  ['UNIQ_KEY = 1', 1, 'reserved', 'TAGS and KEYS'],
  ['"DELAY" = 1', 1, 'reserved'],
  ['a = 1\nAND b == 2', [2, 7], 'write ='],
  ['a = 1\r\n\r\n  AND', [3, 6], 'missing'],
  ['a = 1\rOR !b', [2, 4], 'write NOT'],
  ["/* \u{1f600}\n */ a = '\u{1f600}' AND ?", [2, 17], 'no word'],
];

describe('a wrong expression', () => {
  test.each(wrong.map(([sql, place, ...words]) => ({ sql, place, words })))('$sql is told its place', ({ sql, place, words }) => {
    const [line, column] = typeof place === 'number' ? [1, place] : place;
    const error = errorOf(sql);
    expect(error).toMatchObject({ code: 'MQ_ILLEGAL_FILTER_EXPRESSION', retryable: false, details: { line, column } });
    expect(error.message).toContain(`line ${line}, column ${column}`);
    for (const word of words) expect(error.message).toContain(word as string);
    expect(error.message).not.toContain('\n');
  });

  test('is shown from where it is wrong, and not whole', () => {
    const sql = `a = 1 AND b == '${'x'.repeat(500)}'`;
    expect(errorOf(sql).message).toContain(`at "== 'xxxxxxxxxxxxxxxxxxxx"…`);
    expect(errorOf(`a = 1 ? ${'\u{1f600}'.repeat(40)}`).message).toContain(`at "? ${'\u{1f600}'.repeat(22)}"…`);
  });

  test('whatever it is, throws nothing else and names a place inside it', () => {
    const scrap = fc.constantFrom(
      ...'a b "x.y" \'t\' 5 .5 5e 1e9 TRUE NULL AND OR NOT IN IS LIKE ESCAPE BETWEEN CONTAINS ( ) , = <> < > <= >= - + -- /* */ \' " . ! ; \n \ud83d'.split(
        ' ',
      ),
    );
    const scraps = fc.array(scrap, { maxLength: 14 }).map((parts) => parts.join(' '));
    const cut = fc.tuple(tree, taste, fc.nat(), fc.nat(3)).map(([expression, choices, at, count]) => {
      const sql = spell(expression, choices);
      const start = at % (sql.length + 1);
      return sql.slice(0, start) + sql.slice(start + count);
    });
    fc.assert(
      fc.property(fc.oneof(scraps, cut, fc.string({ unit: 'binary' })), message, (sql, one) => {
        let filter: SqlFilter;
        try {
          filter = SqlFilter.parse(sql, DEFAULT_LIMITS);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MQ_ILLEGAL_FILTER_EXPRESSION' });
          const { line, column } = (error as BrokerError).details as { line: number; column: number };
          const lines = sql.split(/\r\n|\n|\r/);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual([...(lines[line - 1] as string)].length + 1);
          return;
        }
        expect(typeof filter.matches(one)).toBe('boolean');
      }),
      { numRuns: 5000 },
    );
  });
});

describe('an expression', () => {
  const nested = (depth: number, open: string, close: string): string => `${open.repeat(depth)}a = 1${close.repeat(depth)}`;

  test.each([
    ['(', ')'],
    ['NOT ', ''],
    ['NOT (', ')'],
  ])('may be a hundred levels of %j deep, and no more', (open, close) => {
    const levels = open === 'NOT (' ? 50 : 100;
    const filter = SqlFilter.parse(nested(levels, open, close), DEFAULT_LIMITS);
    expect(filter.matches(messageOf({ a: '1' }))).toBe(true);
    const error = errorOf(nested(levels + 1, open, close));
    expect(error.message).toContain('100 deep');
    expect(error.details).toEqual({ line: 1, column: open.length * levels + 1 });
  });

  test('may be as deep in many places, one beside the other', () => {
    const sql = Array.from({ length: 60 }, () => nested(100, '(', ')')).join(' OR ');
    expect(SqlFilter.parse(sql, DEFAULT_LIMITS).normal).toBe(Array.from({ length: 60 }, () => 'a = 1').join(' OR '));
  });

  test.each(['OR', 'AND'])('may be a chain of %ss as long as an expression can be, which is one level', (word) => {
    const link = ` ${word} a=1`;
    const sql = `a=1${link.repeat(Math.floor((DEFAULT_LIMITS.maxFilterBytes - 3) / link.length))}`;
    expect(sql.length).toBeGreaterThan(16_000);
    const filter = SqlFilter.parse(sql, DEFAULT_LIMITS);
    expect([filter.matches(messageOf({ a: '1' })), filter.matches(messageOf({ a: '2' }))]).toEqual([true, false]);
    expect(SqlFilter.parse(filter.normal, { ...DEFAULT_LIMITS, maxFilterBytes: 100_000 }).normal).toBe(filter.normal);
  });

  test('may be as many comments, list values or characters as fit', () => {
    const most = DEFAULT_LIMITS.maxFilterBytes;
    for (const sql of [
      `${'--\n'.repeat(5_000)}a = 1`,
      `a = 1${'/**/'.repeat(4_000)}`,
      `a IN (${'1,'.repeat(8_000)}2)`,
      `a <> '${"''".repeat(8_000)}'`,
    ]) {
      expect(sql.length).toBeLessThanOrEqual(most);
      expect(SqlFilter.parse(sql, DEFAULT_LIMITS).matches(messageOf({ a: '1' }))).toBe(true);
    }
  });

  test('is limited in bytes, not in characters, and is told where it is too long', () => {
    const limits = resolveLimits({ maxFilterBytes: 12 });
    expect(SqlFilter.parse("a = 'éé123'", resolveLimits({ maxFilterBytes: 13 })).normal).toBe("a = 'éé123'");
    const error = errorOf("a =\n'éé123'", limits);
    expect(error.details).toEqual({ line: 2, column: 7 });
    expect(error.message).toContain('limits.maxFilterBytes, 12 bytes');
    expect(errorOf(' '.repeat(16_385)).details).toEqual({ line: 1, column: 16_385 });
    expect(errorOf('x'.repeat(10_000_000)).message.length).toBeLessThan(300);
  });
});

describe('the normal form', () => {
  test.each([
    ['a', 'a = TRUE'],
    ['((a)) = (((1)))', 'a = 1'],
    ['a=1 and(b=2 and c=3)', 'a = 1 AND b = 2 AND c = 3'],
    ['(a = 1 OR b = 2) AND (c = 3)', '(a = 1 OR b = 2) AND c = 3'],
    ['a = 1 OR (b = 2 AND c = 3)', 'a = 1 OR b = 2 AND c = 3'],
    ['not(not(a=1))', 'NOT NOT a = 1'],
    ['NOT (a = 1 AND b = 2)', 'NOT (a = 1 AND b = 2)'],
    ['(a > 1) is not null', '(a > 1) IS NOT NULL'],
    ['a = +5L', 'a = 5'],
    ['a = 5.0 OR a = 05.50', 'a = 5 OR a = 5.5'],
    ['a = 1e3 OR a = .5E-1', 'a = 1000 OR a = 0.05'],
    ['a = 9007199254740993', 'a = 9007199254740993'],
    ['a = 9007199254740993.0', 'a = 9.007199254740992e+15'],
    ['a = -0 OR a = -0.0', 'a = 0 OR a = 0'],
    ['"a" = 1 AND "a b" = 2 AND "in" = 3', 'a = 1 AND "a b" = 2 AND "in" = 3'],
    ['a = ("b c")', 'a = ("b c")'],
    ["a like 'x''%' escape '!'", "a LIKE 'x''%' ESCAPE '!'"],
    ["a not contains 'x'", "a NOT CONTAINS 'x'"],
    ["a not in('x',1.0)", "a NOT IN ('x', 1)"],
    ['true and null', 'TRUE AND NULL'],
  ])('of %j is %j', (sql, normal) => {
    expect(SqlFilter.parse(sql, DEFAULT_LIMITS).normal).toBe(normal);
  });

  test.each([
    ["a = 'x'", "a = 'X'"],
    ["a = '1'", 'a = 1'],
    ['a = 1', 'A = 1'],
    ['a = 1 AND b = 2', 'b = 2 AND a = 1'],
    ['NOT a = 1', 'a <> 1'],
    ['a = 9007199254740993', 'a = 9007199254740993.0'],
    ['(a = 1 OR b = 2) AND c = 3', 'a = 1 OR b = 2 AND c = 3'],
    ["a LIKE 'x'", "a LIKE 'x' ESCAPE '!'"],
  ])('of %j is not that of %j', (left, right) => {
    expect(SqlFilter.parse(left, DEFAULT_LIMITS).normal).not.toBe(SqlFilter.parse(right, DEFAULT_LIMITS).normal);
  });
});
