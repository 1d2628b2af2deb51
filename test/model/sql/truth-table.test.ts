import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { SqlFilter } from '../../../src/model/sql/sql-filter.ts';
import { tagHash } from '../../../src/model/tag-filter.ts';
import { answerOf, messageOf } from './answers.ts';
import { TRUTH_TABLE } from './truth-table.ts';

describe('a SQL filter', () => {
  test('is asked more than two hundred questions, each once', () => {
    const questions = TRUTH_TABLE.map(([expression, message]) => JSON.stringify([expression, message]));
    expect(TRUTH_TABLE.length).toBeGreaterThan(200);
    expect(new Set(questions).size).toBe(questions.length);
  });

  test.each(TRUTH_TABLE)('%j with %j is %s', (expression, properties, answer) => {
    const message = messageOf(properties);
    const filter = SqlFilter.parse(expression, DEFAULT_LIMITS);
    expect(answerOf(expression, message)).toBe(answer);
    expect(answerOf(`NOT (${expression}\n)`, message)).toBe({ T: 'F', F: 'T', U: 'U' }[answer]);
    expect(filter.matches(message)).toBe(answer === 'T');
    if (answer === 'T') expect(filter.mayMatch(tagHash(message.tag))).toBe(true);
    expect(answerOf(filter.normal, message)).toBe(answer);
    expect(SqlFilter.parse(filter.normal, DEFAULT_LIMITS).normal).toBe(filter.normal);
  });
});
