import type { FilteredMessage } from '../../../src/model/message-filter.ts';

/** A side of a comparison. A number is the text that an expression has for it. */
export type Value = { readonly property: string } | { readonly text: string } | { readonly number: string };

/** An expression as a tree of tuples. */
export type Tree =
  | readonly ['constant', boolean | null]
  | readonly ['and' | 'or', Tree, Tree]
  | readonly ['not', Tree]
  | readonly ['is true', string]
  | readonly ['compare', string, Value, Value]
  | readonly ['same', '=' | '<>', Tree, Tree | { readonly property: string }]
  | readonly ['between', boolean, Value, Value, Value]
  | readonly ['in', boolean, string, readonly Value[]]
  | readonly ['is null', boolean, Value | Tree]
  | readonly ['like', boolean, string, string, string | undefined]
  | readonly ['search', boolean, 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH', string, string];

type Answer = boolean | null;

/**
 * What an expression answers, worked out by going through the tree with JavaScript's `true`, `false` and `null`; nothing of it is shared with the filter.
 * Numbers are exact fractions, patterns are tried character by character.
 */
export function answer(tree: Tree, message: FilteredMessage): Answer {
  const propertyOf = (name: string): string | null => {
    if (name === 'TAGS') return message.tag ?? null;
    if (name === 'KEYS') return message.keys.length > 0 ? message.keys.join(' ') : null;
    return message.properties[name] ?? null;
  };
  const read = (value: Value): string | null =>
    'property' in value ? propertyOf(value.property) : 'text' in value ? value.text : value.number;
  const negate = (value: Answer): Answer => (value === null ? null : !value);
  const negateIf = (negated: boolean, value: Answer): Answer => (negated ? negate(value) : value);
  const both = (a: Answer, b: Answer): Answer => (a === false || b === false ? false : a === null || b === null ? null : true);
  const either = (a: Answer, b: Answer): Answer => negate(both(negate(a), negate(b)));
  const compare = (operator: string, left: Value, right: Value): Answer => {
    const [a, b] = [read(left), read(right)];
    if (a === null || b === null) return null;
    if ('number' in left || 'number' in right || !['=', '<>'].includes(operator)) {
      const order = compareExactly(a, b);
      return order === null ? null : holds(operator, order);
    }
    return (a === b) === (operator === '=');
  };

  switch (tree[0]) {
    case 'constant':
      return tree[1];
    case 'and':
      return both(answer(tree[1], message), answer(tree[2], message));
    case 'or':
      return either(answer(tree[1], message), answer(tree[2], message));
    case 'not':
      return negate(answer(tree[1], message));
    case 'is true':
      return truth(propertyOf(tree[1]));
    case 'compare':
      return compare(tree[1], tree[2], tree[3]);
    case 'same': {
      const [, operator, left, right] = tree;
      const a = answer(left, message);
      const b = 'property' in right ? truth(propertyOf(right.property)) : answer(right, message);
      return a === null || b === null ? null : (a === b) === (operator === '=');
    }
    case 'between':
      return negateIf(tree[1], both(compare('>=', tree[2], tree[3]), compare('<=', tree[2], tree[4])));
    case 'in': {
      const property = { property: tree[2] };
      return negateIf(tree[1], tree[3].map((value) => compare('=', property, value)).reduce(either, false));
    }
    case 'is null':
      return negateIf(tree[1], (Array.isArray(tree[2]) ? answer(tree[2] as Tree, message) : read(tree[2] as Value)) === null);
    case 'like': {
      const text = propertyOf(tree[2]);
      return text === null ? null : negateIf(tree[1], isLike([...text], patternOf(tree[3], tree[4])));
    }
    case 'search': {
      const text = propertyOf(tree[3]);
      if (text === null) return null;
      const found = [...text.matchAll(new RegExp(escaped(tree[4]), 'gu'))].map((match) => match.index);
      const isFound = {
        CONTAINS: found.length > 0,
        STARTSWITH: found.includes(0),
        ENDSWITH: text.slice(-tree[4].length) === tree[4],
      }[tree[2]];
      return negateIf(tree[1], isFound);
    }
    default:
      return tree satisfies never;
  }
}

function truth(text: string | null): Answer {
  if (text === null || !/^(true|false)$/i.test(text)) return null;
  return /^true$/i.test(text);
}

function holds(operator: string, order: number): boolean {
  const results: Readonly<Record<string, boolean>> = {
    '=': order === 0,
    '<>': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>': order > 0,
    '>=': order >= 0,
  };
  return results[operator] as boolean;
}

/** The number of a text as a fraction of 10^40. */
function exact(text: string): bigint | null {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  if (whole === '' && fraction === '') return null;
  const magnitude = BigInt(whole + fraction) * 10n ** BigInt(40 + Number(exponent) - fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}

/** Negative, 0 or positive as the left number is smaller, equal or larger; `null` where a text is none. */
export function compareExactly(left: string, right: string): number | null {
  const [a, b] = [exact(left.replace(/[lL]$/, '')), exact(right.replace(/[lL]$/, ''))];
  if (a === null || b === null) return null;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One entry for each character: itself, or `any` or `one`. */
function patternOf(pattern: string, escapeCharacter: string | undefined): (string | { readonly kind: 'any' | 'one' })[] {
  const characters = [...pattern];
  const parts: (string | { readonly kind: 'any' | 'one' })[] = [];
  while (characters.length > 0) {
    const character = characters.shift() as string;
    if (character === escapeCharacter) parts.push(characters.shift() as string);
    else if (character === '%') parts.push({ kind: 'any' });
    else parts.push(character === '_' ? { kind: 'one' } : character);
  }
  return parts;
}

function isLike(text: readonly string[], pattern: ReturnType<typeof patternOf>): boolean {
  const [first, ...others] = pattern;
  if (first === undefined) return text.length === 0;
  if (typeof first === 'object' && first.kind === 'any') return isLike(text, others) || (text.length > 0 && isLike(text.slice(1), pattern));
  return text.length > 0 && (typeof first === 'object' || first === text[0]) && isLike(text.slice(1), others);
}

function escaped(text: string): string {
  return [...text].map((character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`).join('');
}
