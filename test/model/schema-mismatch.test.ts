import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { schemaMismatch } from '../../src/model/schema-mismatch.ts';
import type { StandardSchemaIssue } from '../../src/model/standard-schema.ts';

function issueOf(value: unknown, message: string): { message: string } {
  const error = schemaMismatch('orders', { value }, [{ message, path: ['value'] }]);
  return (error.cause as { message: string }[])[0] as { message: string };
}

describe('the error of a mismatch', () => {
  test('says where and what of the first three issues, and how many more', () => {
    const issues = Array.from({ length: 5 }, (_, i) => ({ message: `wrong ${i}`, path: ['items', i, { key: 'unit-price' }] }));
    const error = schemaMismatch('orders', {}, issues);
    expect(error.code).toBe('MQ_MESSAGE_SCHEMA_MISMATCH');
    expect(error.message).toBe(
      'The message does not match the schema of topic "orders": items[0].unit-price: wrong 0; items[1].unit-price: wrong 1; items[2].unit-price: wrong 2; and 2 more',
    );
    expect(error.details).toEqual({ topic: 'orders', issues: 5, path: 'items[0].unit-price' });
    expect(error.cause).toHaveLength(5);
  });

  test('names no place where the whole value is wrong', () => {
    expect(schemaMismatch('orders', 5, [{ message: 'must be an object' }]).message).toMatch(/"orders": must be an object$/);
  });

  test('quotes keys that are no names, and cuts what is long', () => {
    const path = ['a b', Symbol('s'), '', 'x'.repeat(500)];
    const { message } = schemaMismatch('orders', {}, [{ message: 'm'.repeat(500), path }]);
    expect(message).toContain('["a b"]["Symbol(s)"][""].xxx');
    expect(message.length).toBeLessThan(500);
  });

  test.each<[unknown, string, string]>([
    ['ada@example.com', 'Invalid email: Received "ada@example.com"', 'Invalid email: Received …'],
    ['a "b"', 'must be an email (was "a \\"b\\"")', 'must be an email (was …)'],
    ['ada', "not 'ada', and not `ada`", 'not …, and not …'],
    [123, 'Expected string but received 123', 'Expected string but received …'],
    [10, 'at most 100, but 10', 'at most 100, but …'],
    [1.5, 'not 1.5, nor 11.5, nor 1.55', 'not …, nor 11.5, nor 1.55'],
    [-5, 'at least 0 (was -5)', 'at least 0 (was …)'],
    [7n, 'not 7', 'not …'],
    [new Date(0), 'Expected <x but received 1970-01-01T00:00:00.000Z', 'Expected <x but received …'],
    [new Date(Number.NaN), 'no date', 'no date'],
    [{ a: 1 }, 'must be a text', 'must be a text'],
  ])('takes the value %o out of what a library says', (value, said, shown) => {
    expect(issueOf(value, said).message).toBe(shown);
  });

  test('never shows a quoted text that stands at the place of the issue', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 3 }), (secret) => {
        fc.pre(!'Expected a number but received and again …'.includes(secret));
        const said = `Expected a number but received ${JSON.stringify(secret)} and "${secret}" again`;
        expect(issueOf(secret, said).message).not.toContain(secret);
      }),
    );
  });

  test('survives issues of no right shape', () => {
    const throwing = Object.defineProperty({}, 'a', {
      get: () => {
        throw new Error('no value');
      },
    });
    for (const issue of [null, {}, 'text', { message: 5 }, { message: 'm', path: 'text' }, { message: 'm', path: [null, {}, undefined] }]) {
      expect(schemaMismatch('orders', throwing, [issue as unknown as StandardSchemaIssue]).code).toBe('MQ_MESSAGE_SCHEMA_MISMATCH');
    }
    expect(schemaMismatch('orders', throwing, [{ message: 'm', path: ['a', 'b'] }]).message).toMatch(/a\.b: m$/);
    expect(schemaMismatch('orders', {}, []).message).toMatch(/no reason given$/);
  });
});
