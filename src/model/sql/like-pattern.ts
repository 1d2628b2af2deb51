import { Needle } from './needle.ts';
import { ANY, WildcardNeedle } from './wildcard-needle.ts';

const PERCENT = 0x25;
const UNDERSCORE = 0x5f;

/** A pattern as it is written: `%` stands for any characters, `_` for any one; behind the escape character both stand for themselves. */
export interface WrittenPattern {
  readonly pattern: string;
  readonly escapeCharacter: string | undefined;
}

/** What lies between two `%` of a pattern; `ANY` stands for `_`. */
type CodePoints = readonly number[];

/** Why a pattern cannot be read, or `undefined` where it can. */
export function problemOfPattern(
  written: WrittenPattern,
): { readonly of: 'pattern' | 'escape'; readonly wrong: string; readonly remedy: string } | undefined {
  const { escapeCharacter } = written;
  if (escapeCharacter !== undefined && [...escapeCharacter].length !== 1) {
    return { of: 'escape', wrong: 'ESCAPE has not exactly one character', remedy: "write one, as in ESCAPE '!'" };
  }
  if (splitPattern(written) !== undefined) return undefined;
  return {
    of: 'pattern',
    wrong: 'in a pattern the escape character stands before something else than %, _ and itself',
    remedy: 'write it twice where it is meant itself',
  };
}

/** Matches texts against a pattern that can be read, in one pass: what lies between two `%` is taken at its first place, and never looked for again. */
export class LikePattern {
  readonly #first: Segment;
  /** Absent where the pattern has no `%`: then the first segment is the whole text. */
  readonly #last: Segment | undefined;
  readonly #between: readonly Segment[];

  constructor(written: WrittenPattern) {
    const segments = (splitPattern(written) ?? []).map((codePoints) => new Segment(codePoints));
    const [first = new Segment([]), ...others] = segments;
    this.#first = first;
    this.#last = others.pop();
    this.#between = others.filter((segment) => segment.length > 0);
  }

  matches(text: string): boolean {
    let from = this.#first.endFrom(text, 0);
    if (this.#last === undefined) return from === text.length;
    if (from < 0) return false;
    const to = this.#last.startBefore(text, text.length);
    if (to < from) return false;
    for (const segment of this.#between) {
      from = segment.endIn(text, from, to);
      if (from < 0) return false;
    }
    return true;
  }
}

class Segment {
  readonly #codePoints: CodePoints;
  /** The segment as text where no character of it may be any. */
  readonly #literal: Needle | undefined;
  readonly #wildcards: WildcardNeedle | undefined;

  constructor(codePoints: CodePoints) {
    this.#codePoints = codePoints;
    if (codePoints.includes(ANY)) this.#wildcards = new WildcardNeedle(codePoints);
    else this.#literal = new Needle(codePoints.map((codePoint) => String.fromCodePoint(codePoint)).join(''));
  }

  get length(): number {
    return this.#codePoints.length;
  }

  /** Where the segment ends when it begins at `at`; -1 where it does not stand there. */
  endFrom(text: string, at: number): number {
    const literal = this.#literal?.text;
    if (literal !== undefined) return text.startsWith(literal, at) ? at + literal.length : -1;
    let end = at;
    for (const wanted of this.#codePoints) {
      const codePoint = text.codePointAt(end);
      if (codePoint === undefined || (wanted !== ANY && wanted !== codePoint)) return -1;
      end += codePoint > 0xffff ? 2 : 1;
    }
    return end;
  }

  /** Where the segment begins when it ends at `at`; -1 where it does not stand there. */
  startBefore(text: string, at: number): number {
    const literal = this.#literal?.text;
    if (literal !== undefined) return text.endsWith(literal, at) ? at - literal.length : -1;
    let start = at;
    for (let index = this.#codePoints.length - 1; index >= 0; index--) {
      const wanted = this.#codePoints[index];
      start -= widthBefore(text, start);
      if (start < 0 || (wanted !== ANY && wanted !== text.codePointAt(start))) return -1;
    }
    return start;
  }

  /** Where its first occurrence between two places ends; -1 where there is none. */
  endIn(text: string, from: number, to: number): number {
    if (this.#wildcards !== undefined) return this.#wildcards.endIn(text, from, to);
    const literal = this.#literal as Needle;
    const start = literal.indexIn(text, from);
    const end = start + literal.text.length;
    return start < 0 || end > to ? -1 : end;
  }
}

/** Code units of the character before a place; one where there is none. */
function widthBefore(text: string, at: number): number {
  return at >= 2 && (text.codePointAt(at - 2) as number) > 0xffff ? 2 : 1;
}

/** The segments of a pattern, one more than it has `%`; nothing where an escape character stands before an ordinary one. */
function splitPattern({ pattern, escapeCharacter }: WrittenPattern): CodePoints[] | undefined {
  const escapeCodePoint = escapeCharacter?.codePointAt(0);
  const segments: number[][] = [[]];
  let escaped = false;
  for (const character of pattern) {
    const codePoint = character.codePointAt(0) as number;
    const segment = segments.at(-1) as number[];
    if (escaped) {
      if (codePoint !== PERCENT && codePoint !== UNDERSCORE && codePoint !== escapeCodePoint) return undefined;
      segment.push(codePoint);
      escaped = false;
    } else if (codePoint === escapeCodePoint) escaped = true;
    else if (codePoint === PERCENT) segments.push([]);
    else segment.push(codePoint === UNDERSCORE ? ANY : codePoint);
  }
  return escaped ? undefined : segments;
}
