import fc from 'fast-check';
import type { FilteredMessage } from '../../../src/model/message-filter.ts';
import { compareExactly, type Tree, type Value } from './naive-evaluation.ts';

const NAMES = [
  'a',
  'b',
  'A',
  '_c$1',
  'a.b',
  'x-y',
  'größe',
  'like',
  'escape',
  'and',
  'say "hi"',
  'TAGS',
  'KEYS',
  'constructor',
  '__proto__',
];
const NUMBERS = [
  '0',
  '-0',
  '0.0',
  '1',
  '1.0',
  '5',
  '5L',
  '+5',
  '-5',
  '.5',
  '5.',
  '5E0',
  '0.5e1',
  '10',
  '1e2',
  '-2.5',
  '9007199254740992',
  '9007199254740993',
  '9007199254740994',
];
const TEXTS = ['', 'a', 'ab', 'abc', "it's", '5', '5.0', 'true', 'FALSE', '%', '_', 'a%', 'x y', '\u{1f600}', 'é'];
const VALUES = [
  ...TEXTS,
  ...NUMBERS.map((text) => text.replace('L', '')),
  'True',
  'false',
  '05',
  ' 5',
  '0x5',
  'Infinity',
  'NaN',
  'a\u{1f600}c',
  '-9007199254740993',
];
const ORDERED = ['<', '<=', '>', '>='];

const name = fc.constantFrom(...NAMES);
const property = name.map((text): Value => ({ property: text }));
const number = fc.constantFrom(...NUMBERS).map((text): Value => ({ number: text }));
const text = fc.constantFrom(...TEXTS).map((value): Value => ({ text: value }));
const negated = fc.boolean();
const numeric = fc.oneof({ weight: 2, arbitrary: property }, number);
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '%', '_', '\u{1f600}', "'"), maxLength: 5 });
const escapedPattern = fc.array(fc.constantFrom('a', 'b', '%', '_', '!%', '!_', '!!'), { maxLength: 4 }).map((parts) => parts.join(''));

/** BETWEEN refuses two numbers in the wrong order. */
const bounds = fc.tuple(numeric, numeric).map(([low, high]): readonly [Value, Value] => {
  if (!('number' in low && 'number' in high)) return [low, high];
  return (compareExactly(low.number, high.number) as number) > 0 ? [high, low] : [low, high];
});

/** Any expression that the language has. */
export const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: fc.oneof(
    fc
      .tuple(fc.constantFrom('=', '<>'), fc.oneof(property, text, number), fc.oneof(property, text, number))
      .map(([operator, left, right]): Tree => ['compare', operator, left, right]),
    fc.tuple(fc.constantFrom(...ORDERED), numeric, numeric).map(([operator, left, right]): Tree => ['compare', operator, left, right]),
    fc.tuple(negated, numeric, bounds).map(([not, value, [low, high]]): Tree => ['between', not, value, low, high]),
    fc
      .tuple(negated, name, fc.array(fc.oneof(text, number), { minLength: 1, maxLength: 4 }))
      .map(([not, one, list]): Tree => ['in', not, one, list]),
    fc.tuple(negated, fc.oneof(property, text, number)).map(([not, value]): Tree => ['is null', not, value]),
    fc.tuple(negated, name, pattern).map(([not, one, like]): Tree => ['like', not, one, like, undefined]),
    fc.tuple(negated, name, escapedPattern).map(([not, one, like]): Tree => ['like', not, one, like, '!']),
    fc
      .tuple(negated, fc.constantFrom('CONTAINS', 'STARTSWITH', 'ENDSWITH'), name, fc.constantFrom(...TEXTS.filter((one) => one !== '')))
      .map(([not, how, one, wanted]): Tree => ['search', not, how, one, wanted]),
    name.map((one): Tree => ['is true', one]),
    fc.constantFrom(true, false, null).map((value): Tree => ['constant', value]),
  ),
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    { weight: 3, arbitrary: tie('leaf') },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('and', 'or'), tie('tree'), tie('tree')).map(([kind, left, right]): Tree => [kind, left, right]),
    },
    { weight: 1, arbitrary: tie('tree').map((part): Tree => ['not', part]) },
    { weight: 1, arbitrary: fc.tuple(negated, tie('tree')).map(([not, part]): Tree => ['is null', not, part]) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('=', '<>'),
          tie('tree'),
          fc.oneof(
            tie('tree'),
            name.map((one) => ({ property: one })),
          ),
        )
        .map(([operator, left, right]): Tree => ['same', operator, notNull(left), 'property' in right ? right : notNull(right)]),
    },
  ),
})).tree;

/** Nothing is compared with NULL itself. */
function notNull(part: Tree): Tree {
  return part[0] === 'constant' && part[1] === null ? ['not', part] : part;
}

/** A message with some of the properties that expressions ask for. */
export const message: fc.Arbitrary<FilteredMessage> = fc.record({
  tag: fc.option(fc.constantFrom(...VALUES.filter((value) => value !== '')), { nil: undefined }),
  keys: fc.array(fc.constantFrom('a', 'abc', '5', 'x y'), { maxLength: 2 }),
  properties: fc
    .dictionary(fc.constantFrom(...NAMES.filter((one) => one !== 'TAGS' && one !== 'KEYS')), fc.constantFrom(...VALUES), { maxKeys: 8 })
    .map((entries) => Object.assign(Object.create(null) as Record<string, string>, entries)),
});

/** Choices that do not change what an expression means, drawn one after the other. */
export type Taste = Iterator<number>;
export const taste: fc.Arbitrary<Taste> = fc.infiniteStream(fc.nat(1_000_000));

/** Writes a tree in one of its many spellings: blanks, comments, the case of keywords, quotes and parentheses as taste has it. */
export function spell(expression: Tree, choices: Taste): string {
  return new Spelling(choices).write(expression);
}

const RESERVED = ['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'IS', 'NULL', 'TRUE', 'FALSE', 'CONTAINS', 'STARTSWITH', 'ENDSWITH'];
// The blank before the comment of a line keeps it apart from a sign.
const LAYOUT = [' ', ' ', '  ', '\n', '\t', '\r\n', '/* a = 1 */', '/***/', " -- it's\n"];

class Spelling {
  readonly #choices: Taste;
  readonly #tokens: string[] = [];

  constructor(choices: Taste) {
    this.#choices = choices;
  }

  write(expression: Tree): string {
    this.#condition(expression, 0);
    let written = this.#chance(4) ? this.#layout() : '';
    for (const [index, token] of this.#tokens.entries()) {
      const before = this.#tokens[index - 1];
      const mustBeApart = before !== undefined && /[\w$.']$/.test(before) && /^[\w$.']/.test(token);
      if (index > 0 && (mustBeApart || this.#chance(2))) written += this.#layout();
      written += token;
    }
    return this.#chance(4) ? written + this.#layout() : written;
  }

  /** `level` tells how tightly the place binds: 0 OR, 1 AND, 2 NOT, 3 an operand. */
  #condition(expression: Tree, level: number): void {
    const own = { or: 0, and: 1, not: 2 }[expression[0] as string] ?? (expression[0] === 'constant' ? 4 : 2.5);
    // A property alone is an operand, but as one it would be compared as a text.
    if (own < level || this.#chance(6)) {
      this.#put('(');
      this.#condition(expression, 0);
      this.#put(')');
      return;
    }
    this.#bare(expression);
  }

  #bare(expression: Tree): void {
    switch (expression[0]) {
      case 'constant':
        return this.#word(expression[1] === null ? 'NULL' : String(expression[1]));
      case 'and':
      case 'or': {
        const level = expression[0] === 'or' ? 0 : 1;
        this.#condition(expression[1], level);
        this.#word(expression[0]);
        return this.#condition(expression[2], level);
      }
      case 'not':
        this.#word('NOT');
        return this.#condition(expression[1], 2);
      case 'is true':
        return this.#name(expression[1], 'left');
      case 'compare':
        this.#value(expression[2], 'left');
        this.#put(expression[1]);
        return this.#value(expression[3], 'right');
      case 'same': {
        const [, operator, left, right] = expression;
        this.#operand(left);
        this.#put(operator);
        return 'property' in right ? this.#name(right.property, 'right') : this.#operand(right);
      }
      case 'is null':
        if (Array.isArray(expression[2])) this.#operand(expression[2] as Tree);
        else this.#value(expression[2] as Value, 'left');
        return this.#word('IS', ...(expression[1] ? ['NOT'] : []), 'NULL');
      default:
        return this.#withWords(expression);
    }
  }

  #withWords(expression: Tree & readonly ['between' | 'in' | 'like' | 'search', ...unknown[]]): void {
    const not = expression[1] ? ['NOT'] : [];
    switch (expression[0]) {
      case 'between':
        this.#value(expression[2], 'left');
        this.#word(...not, 'BETWEEN');
        this.#value(expression[3], 'right');
        this.#word('AND');
        return this.#value(expression[4], 'right');
      case 'in':
        this.#name(expression[2], 'left');
        this.#word(...not, 'IN');
        this.#put('(');
        for (const [index, value] of expression[3].entries()) {
          if (index > 0) this.#put(',');
          this.#value(value, 'left');
        }
        return this.#put(')');
      case 'like':
        this.#name(expression[2], 'left');
        this.#word(...not, 'LIKE');
        this.#put(quotedText(expression[3]));
        if (expression[4] === undefined) return;
        this.#word('ESCAPE');
        return this.#put(quotedText(expression[4]));
      case 'search':
        this.#name(expression[3], 'left');
        this.#word(...not, expression[2]);
        return this.#put(quotedText(expression[4]));
      default:
        expression satisfies never;
    }
  }

  /** A condition as a side of an operator: what reads as a property or a constant there needs to be more than that. */
  #operand(expression: Tree): void {
    if (expression[0] === 'is true') {
      this.#put('(');
      this.#name(expression[1], 'left');
      this.#put('=');
      this.#word('TRUE');
      this.#put(')');
    } else this.#condition(expression, 3);
  }

  #value(value: Value, side: 'left' | 'right'): void {
    if ('property' in value) return this.#name(value.property, side);
    if (this.#chance(8)) {
      this.#put('(');
      this.#value(value, side);
      return this.#put(')');
    }
    if ('text' in value) return this.#put(quotedText(value.text));
    const [, sign, digits] = /^([+-]?)(.*)$/.exec(value.number) as unknown as [string, string, string];
    if (sign !== '') this.#put(sign);
    this.#put(digits);
  }

  #name(text: string, side: 'left' | 'right'): void {
    const needsQuotes = !/^[A-Za-z_$][\w$]*$/.test(text) || RESERVED.includes(text.toUpperCase());
    const quoted = needsQuotes || this.#chance(5) ? `"${text.replaceAll('"', '""')}"` : text;
    const needsParentheses = side === 'right' && quoted.startsWith('"');
    if (!needsParentheses && !this.#chance(8)) return this.#put(quoted);
    this.#put('(');
    this.#put(quoted);
    this.#put(')');
  }

  #word(...words: string[]): void {
    for (const word of words) {
      this.#put([...word].map((letter) => (this.#chance(2) ? letter.toUpperCase() : letter.toLowerCase())).join(''));
    }
  }

  #put(token: string): void {
    this.#tokens.push(token);
  }

  #layout(): string {
    return LAYOUT[this.#draw() % LAYOUT.length] as string;
  }

  /** True once in so many times. */
  #chance(oneIn: number): boolean {
    return this.#draw() % oneIn === 0;
  }

  #draw(): number {
    return this.#choices.next().value as number;
  }
}

function quotedText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
