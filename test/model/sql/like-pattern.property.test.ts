import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LikePattern, problemOfPattern } from '../../../src/model/sql/like-pattern.ts';
import { Needle } from '../../../src/model/sql/needle.ts';
import { ANY, WildcardNeedle } from '../../../src/model/sql/wildcard-needle.ts';
import { CountedText } from './counted-text.ts';

const character = fc.constantFrom('a', 'a', 'b', 'é', '\u{1f600}', '\\', '.');
const text = fc.string({ unit: character, maxLength: 12 });
const piece = fc.oneof({ weight: 3, arbitrary: character }, { weight: 2, arbitrary: fc.constantFrom('%', '_') });
/** Long repetitive texts, in which a search that begins again and again takes longest. */
const repetitive = fc
  .array(fc.tuple(fc.constantFrom('a', 'ab', 'aab', 'b', '\u{1f600}'), fc.integer({ min: 1, max: 30 })))
  .map((parts) => parts.map(([unit, count]) => unit.repeat(count)).join(''));

const like = (pattern: string, escapeCharacter?: string): LikePattern => new LikePattern({ pattern, escapeCharacter });

/** The pattern as a regular expression: right, and slow where it has many `%`. */
function naive(pattern: string, escapeCharacter?: string): RegExp {
  let source = '';
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const one = characters[i] as string;
    const literal = (unit: string): string => `\\u{${(unit.codePointAt(0) as number).toString(16)}}`;
    if (one === escapeCharacter) source += literal(characters[++i] as string);
    else if (one === '%') source += '.*';
    else source += one === '_' ? '.' : literal(one);
  }
  return new RegExp(`^${source}$`, 'su');
}

describe('a pattern', () => {
  test('matches what the same pattern as a regular expression matches', () => {
    fc.assert(
      fc.property(fc.string({ unit: piece, maxLength: 8 }), text, (pattern, candidate) => {
        expect(like(pattern).matches(candidate)).toBe(naive(pattern).test(candidate));
      }),
      { numRuns: 3000 },
    );
  });

  test('matches a text that it was made from, whatever was replaced', () => {
    const part = fc.tuple(text, fc.constantFrom('as it is', 'one', 'many'));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const pattern = parts
          .map(([piece, how]) => (how === 'many' ? '%' : how === 'one' ? '_'.repeat([...piece].length) : piece))
          .join('');
        expect(like(pattern).matches(parts.map(([piece]) => piece).join(''))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('with an escape character takes %, _ and that character as they are', () => {
    const escaped = fc
      .array(fc.oneof(character, fc.constantFrom('%', '_', '!%', '!_', '!!')), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(escaped, fc.string({ unit: fc.constantFrom('a', '%', '_', '!', '\u{1f600}'), maxLength: 8 }), (pattern, candidate) => {
        expect(like(pattern, '!').matches(candidate)).toBe(naive(pattern, '!').test(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['a!b', '!', 'pattern'],
    ['a!', '!', 'pattern'],
    ['a', '', 'escape'],
    ['a', '!!', 'escape'],
  ] as const)('cannot be read when it is %j with the escape character %j', (pattern, escapeCharacter, of) => {
    expect(problemOfPattern({ pattern, escapeCharacter })).toMatchObject({ of });
  });

  test.each([
    ['a%', '%'],
    ['%%a', '%'],
    ['a!%', '!'],
    ['\u{1f600}_', '\u{1f600}'],
  ])('can be read when it is %j with the escape character %j', (pattern, escapeCharacter) => {
    // An escape character that is % itself has to be doubled, or stand before one of the others.
    const problem = problemOfPattern({ pattern, escapeCharacter });
    expect(problem?.of).toBe(pattern === 'a%' ? 'pattern' : undefined);
  });
});

describe('the search for a text in another', () => {
  test('finds what the search of the language finds, short or long', () => {
    fc.assert(
      fc.property(repetitive, repetitive, fc.nat(20), (haystack, needle, from) => {
        expect(new Needle(needle).indexIn(haystack, from)).toBe(haystack.indexOf(needle, from));
      }),
      { numRuns: 1000 },
    );
  });

  test('finds a long piece of a text in it', () => {
    fc.assert(
      fc.property(repetitive, fc.nat(), fc.nat(), (haystack, a, b) => {
        const [start, end] = [a % (haystack.length + 1), b % (haystack.length + 1)].sort((x, y) => x - y) as [number, number];
        const needle = haystack.slice(start, end);
        expect(new Needle(needle).indexIn(haystack)).toBe(haystack.indexOf(needle));
      }),
      { numRuns: 1000 },
    );
  });

  test('finds characters of which some may be any, across the words that hold its state', () => {
    fc.assert(
      fc.property(repetitive, fc.nat(), fc.nat(), fc.infiniteStream(fc.boolean()), (haystack, a, b, wild) => {
        const characters = [...haystack];
        const [first, last] = [a % (characters.length + 1), b % (characters.length + 1)].sort((x, y) => x - y) as [number, number];
        const wanted = characters.slice(first, last).map((one) => (wild.next().value === true ? ANY : (one.codePointAt(0) as number)));
        fc.pre(wanted.length > 0);
        const pattern = wanted.map((one) => (one === ANY ? '.' : `\\u{${one.toString(16)}}`)).join('');
        const found = new RegExp(pattern, 'su').exec(haystack) as RegExpExecArray;
        const end = found.index + found[0].length;
        const lastWidth = ([...found[0]].at(-1) as string).length;
        expect(new WildcardNeedle(wanted).endIn(haystack, 0, haystack.length)).toBe(end);
        expect(new WildcardNeedle(wanted).endIn(haystack, 0, end - lastWidth)).toBe(-1);
      }),
      { numRuns: 500 },
    );
  });
});

/** Patterns and texts of a kind that takes a matcher that goes back quadratic or exponential time. */
const adversarial: Readonly<Record<string, (size: number) => readonly [pattern: string, text: string]>> = {
  'many % between one letter': (size) => ['%a'.repeat(size / 2).concat('%b'), 'a'.repeat(size)],
  'a long needle that nearly fits everywhere': (size) => [`%${'a'.repeat(size / 2)}b%`, 'a'.repeat(size)],
  'a needle of any characters that nearly fits everywhere': (size) => [`%${'_'.repeat(30)}b%`, 'a'.repeat(size)],
  'an end that fits, and a middle that does not': (size) => [`a%${'ab'.repeat(size / 8)}c%a`, 'ab'.repeat(size / 2).concat('a')],
  'many needles that are found late': (size) => ['%aaab'.repeat(size / 8).concat('%c'), 'aaab'.repeat(size / 4)],
  'many needles with any characters': (size) => ['%a_b'.repeat(size / 8).concat('%c'), 'aabaab'.repeat(size / 6)],
  'one needle longer than the text': (size) => [`%${'a'.repeat(2 * size)}%`, 'a'.repeat(size)],
};

describe('the work of a match', () => {
  test.each(Object.keys(adversarial))('grows no faster than its text: %s', (name) => {
    for (const size of [512, 4096, 16_384]) {
      const [pattern, candidate] = (adversarial[name] as (size: number) => readonly [string, string])(size);
      const counted = new CountedText(candidate);
      like(pattern).matches(counted as unknown as string);
      // Once for each beginning and end of a segment, once for each character that is passed, sixteen times at most in a short search.
      expect(counted.reads).toBeLessThanOrEqual(18 * candidate.length + pattern.length);
      if (name !== 'one needle longer than the text') expect(counted.reads).toBeGreaterThan(0);
    }
  });

  test('of CONTAINS likewise', () => {
    for (const size of [512, 16_384]) {
      const counted = new CountedText('a'.repeat(size));
      expect(new Needle(`${'a'.repeat(size / 2)}b`).indexIn(counted as unknown as string)).toBe(-1);
      expect(counted.reads).toBeLessThanOrEqual(3 * size);
    }
  });

  test('with a long needle of any characters is bounded by a thirty-second of its length for each character', () => {
    const needle = new WildcardNeedle([...Array.from({ length: 8_000 }, (_, i) => (i % 2 === 0 ? ANY : 97)), 98]);
    const counted = new CountedText('a'.repeat(16_384));
    expect(needle.endIn(counted as unknown as string, 0, counted.length)).toBe(-1);
    expect(counted.reads).toBe(counted.length);
  });
});
