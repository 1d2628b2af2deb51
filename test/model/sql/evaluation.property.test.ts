import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { SqlFilter } from '../../../src/model/sql/sql-filter.ts';
import { tagHash } from '../../../src/model/tag-filter.ts';
import { answerOf } from './answers.ts';
import { message, spell, taste, tree } from './generated-expression.ts';
import { answer, type Tree } from './naive-evaluation.ts';

const filterOf = (sql: string): SqlFilter => SqlFilter.parse(sql, DEFAULT_LIMITS);
const kindsIn = (expression: Tree): string[] => [
  expression[0],
  ...expression.slice(1).flatMap((part) => (Array.isArray(part) && typeof part[0] === 'string' ? kindsIn(part as unknown as Tree) : [])),
];

describe('a generated expression', () => {
  test('is answered as by an evaluator that shares nothing with the filter', () => {
    const seen = { answers: new Map<string, number>(), kinds: new Set<string>() };
    fc.assert(
      fc.property(tree, taste, fc.array(message, { minLength: 1, maxLength: 6 }), (expression, choices, messages) => {
        const sql = spell(expression, choices);
        const filter = filterOf(sql);
        for (const kind of kindsIn(expression)) seen.kinds.add(kind);
        for (const one of messages) {
          const expected = answer(expression, one);
          expect([sql, answerOf(sql, one)]).toEqual([sql, expected === null ? 'U' : expected ? 'T' : 'F']);
          expect(filter.matches(one)).toBe(expected === true);
          if (expected === true) expect(filter.mayMatch(tagHash(one.tag))).toBe(true);
          seen.answers.set(String(expected), (seen.answers.get(String(expected)) ?? 0) + 1);
        }
      }),
      { numRuns: 3000 },
    );
    // Neither half of the language nor one of the three answers was left out.
    expect(seen.kinds.size).toBe(12);
    for (const expected of ['true', 'false', 'null']) expect(seen.answers.get(expected)).toBeGreaterThan(500);
  });

  test('has one normal form in all its spellings, which parses to itself and has the same answers', () => {
    fc.assert(
      fc.property(tree, taste, taste, message, (expression, choices, others, one) => {
        const [sql, again] = [spell(expression, choices), spell(expression, others)];
        const { normal } = filterOf(sql);
        expect(filterOf(again).normal).toBe(normal);
        expect(filterOf(normal).normal).toBe(normal);
        expect(answerOf(normal, one)).toBe(answerOf(sql, one));
      }),
      { numRuns: 2000 },
    );
  });

  test('that is different has another normal form when some message tells it apart', () => {
    fc.assert(
      fc.property(tree, tree, taste, fc.array(message, { minLength: 5, maxLength: 10 }), (left, right, choices, messages) => {
        const isDifferent = messages.some((one) => answer(left, one) !== answer(right, one));
        if (isDifferent) expect(filterOf(spell(left, choices)).normal).not.toBe(filterOf(spell(right, choices)).normal);
      }),
      { numRuns: 500 },
    );
  });
});
