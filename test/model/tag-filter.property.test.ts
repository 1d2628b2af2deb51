import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../../src/model/limits.ts';
import { TagFilter, tagHash } from '../../src/model/tag-filter.ts';

const parse = (expression: string): TagFilter => TagFilter.parse(expression, DEFAULT_LIMITS);
const tag = fc
  .string({ unit: fc.constantFrom('a', 'b', 'B', 'é', '*', ' ', '\u{1f600}'), minLength: 1, maxLength: 4 })
  .map((text) => text.trim())
  .filter((text) => text !== '' && text !== '*');
const tags = fc.array(tag, { minLength: 1, maxLength: 6 });
const blanks = fc.string({ unit: fc.constantFrom(' ', '\t', '\n'), maxLength: 2 });

/** One of the many ways to write a set of tags. */
const written = fc
  .record({ tags, layout: fc.infiniteStream(blanks), empties: fc.infiniteStream(fc.boolean()) })
  .map(({ tags: wanted, layout, empties }) => {
    const gap = (): string => layout.next().value as string;
    const parts = wanted.map((text) => `${gap()}${text}${gap()}${empties.next().value === true ? `||${gap()}` : ''}`);
    return { wanted, expression: parts.join('||') };
  });

describe('a tag filter', () => {
  test('matches what a naive reading of its expression matches', () => {
    fc.assert(
      fc.property(written, fc.option(tag, { nil: undefined }), ({ wanted, expression }, candidate) => {
        const filter = parse(expression);
        for (const text of [candidate, ...wanted, undefined]) {
          const expected = text !== undefined && wanted.includes(text);
          expect(filter.matches({ tag: text })).toBe(expected);
          if (expected) expect(filter.mayMatch(tagHash(text))).toBe(true);
        }
        expect(filter.matchesAll).toBe(false);
      }),
    );
  });

  test('has one normal form, whichever way its tags are written', () => {
    fc.assert(
      fc.property(written, ({ wanted, expression }) => {
        const { normal } = parse(expression);
        expect(normal).toBe([...new Set(wanted)].sort().join(' || '));
        expect(parse(normal).normal).toBe(normal);
      }),
    );
  });

  test.each(['*', '', '  ', ' * ', '\t'])('matches everything when it is %j', (expression) => {
    const filter = parse(expression);
    expect(filter).toMatchObject({ matchesAll: true, normal: '*' });
    expect([filter.matches({ tag: undefined }), filter.matches({ tag: 'a' }), filter.mayMatch(0), filter.mayMatch(97)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  test('tells tags with the same hash apart', () => {
    expect(tagHash('Aa')).toBe(tagHash('BB'));
    const filter = parse('Aa');
    expect(filter.mayMatch(tagHash('BB'))).toBe(true);
    expect(filter.matches({ tag: 'BB' })).toBe(false);
  });

  test('rules out by hash what it cannot match', () => {
    const filter = parse('paid||shipped');
    expect([filter.mayMatch(tagHash('open')), filter.mayMatch(0), filter.mayMatch(tagHash('paid'))]).toEqual([false, false, true]);
    expect([...filter.hashes]).toEqual([tagHash('paid'), tagHash('shipped')]);
  });

  test.each(['||', ' || ', '||||', 'a|b', 'a|||b', 'a || *', '* || *', 'a\u0001', 'a||\ud800'])('is not %j', (expression) => {
    expect(() => parse(expression)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_FILTER_EXPRESSION' }));
  });

  test('is limited in bytes', () => {
    const limits = resolveLimits({ maxFilterBytes: 4 });
    expect(TagFilter.parse('éé', limits).normal).toBe('éé');
    expect(() => TagFilter.parse('ééa', limits)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_FILTER_EXPRESSION' }));
  });
});

test("the hash of a tag is Java's, a signed number of 32 bits", () => {
  expect([tagHash(undefined), tagHash('a'), tagHash('TagA')]).toEqual([0, 97, 2598919]);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 4 }), (text) => {
      let naive = 0n;
      for (let i = 0; i < text.length; i++) naive = naive * 31n + BigInt(text.charCodeAt(i));
      expect(tagHash(text)).toBe(Number(BigInt.asIntN(32, naive)));
    }),
  );
  // The last addition alone overflows here.
  expect(tagHash('polygenelubricants')).toBe(-(2 ** 31));
});
