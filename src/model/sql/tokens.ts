import { sqlError } from './sql-error.ts';

/** What a token is. A word may be a keyword or a property's name; that depends on where it stands. */
type TokenKind = 'word' | 'quotedName' | 'text' | 'integer' | 'float' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Without quotes, doubled ones resolved; of an integer without its `L`. */
  readonly text: string;
  /** A word in capitals, to be compared with keywords. */
  readonly upperCase: string;
  /** Offset of the first character. */
  readonly at: number;
}

const SKIPPED = /(?:[ \t\r\n\f]+|--[^\r\n]*|\/\*[\s\S]*?\*\/)*/y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const FLOAT = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
const INTEGER = /\d+/y;
const SYMBOL = /<=|>=|<>|[=<>(),+-]/y;
/** A character of a name or a number right behind a number. */
const JOINED = /[A-Za-z0-9_$.]/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not stand in a text.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Signs of other languages, the longer ones first, and what to write instead. */
const MISTAKEN: readonly (readonly [sign: string, remedy: string])[] = [
  ['!=', 'write <>'],
  ['==', 'write ='],
  ['=<', 'write <='],
  ['=>', 'write >='],
  ['&&', 'write AND'],
  ['||', 'write OR'],
  ['!', 'write NOT'],
  ['.', 'put a property with a dot in its name into double quotes, as in "a.b"'],
  ['*', "subscribe with '*' instead of SQL to get everything; there is no arithmetic"],
  ['`', 'put a property into double quotes, a text into single quotes'],
];

/** Reads an expression token by token. */
export class Tokens {
  readonly source: string;
  #at = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** The next token; behind the last one always `end`. @throws BrokerError `MQ_ILLEGAL_FILTER_EXPRESSION` */
  next(): Token {
    this.#take(SKIPPED);
    const at = this.#at;
    if (at === this.source.length) return token('end', '', at);
    const first = this.source[at];
    if (first === "'") return token('text', this.#quoted("'", 'text'), at);
    if (first === '"') return token('quotedName', this.#quotedName(), at);
    const word = this.#take(WORD);
    if (word !== undefined) return { kind: 'word', text: word, upperCase: word.toUpperCase(), at };
    const float = this.#take(FLOAT);
    if (float !== undefined) return this.#number('float', float, at);
    const integer = this.#take(INTEGER);
    if (integer !== undefined) return this.#number('integer', integer, at);
    const mistake = MISTAKEN.find(([sign]) => this.source.startsWith(sign, at));
    if (mistake !== undefined) throw this.#error(at, `${mistake[0]} means nothing here`, mistake[1]);
    const symbol = this.#take(SYMBOL);
    if (symbol !== undefined) return token('symbol', symbol, at);
    if (this.source.startsWith('/*', at)) throw this.#error(at, 'a comment that begins here has no end', 'close it with */');
    throw this.#error(
      at,
      'no word begins with this character',
      'put a property name with other characters than letters, digits, _ and $ into double quotes',
    );
  }

  #number(kind: 'integer' | 'float', text: string, at: number): Token {
    if (kind === 'integer' && /^0\d/.test(text)) throw this.#error(at, 'an integer begins with 0', 'leave the zero out');
    if (kind === 'integer' && /[lL]/.test(this.source.charAt(this.#at))) this.#at++;
    const behind = this.#at;
    if (this.#take(JOINED) !== undefined)
      throw this.#error(behind, 'a number goes on', 'separate it by a blank, or put a text into single quotes');
    return token(kind, text, at);
  }

  #quotedName(): string {
    const at = this.#at;
    const name = this.#quoted('"', 'property name');
    if (name === '') throw this.#error(at, 'a property name is empty', 'name a property');
    return name;
  }

  /** What stands in quotes; a quote in it is written twice. */
  #quoted(quote: string, what: string): string {
    const start = this.#at;
    let text = '';
    for (let from = start + 1; ; ) {
      const end = this.source.indexOf(quote, from);
      if (end < 0) throw this.#error(start, `a ${what} that begins here has no end`, `close it with ${quote}`);
      text += this.source.slice(from, end);
      if (this.source[end + 1] !== quote) {
        this.#at = end + 1;
        this.#checkCharacters(start, end, what);
        return text;
      }
      text += quote;
      from = end + 2;
    }
  }

  #checkCharacters(start: number, end: number, what: string): void {
    const control = this.source.slice(start, end).search(CONTROL);
    if (control >= 0) throw this.#error(start + control, `a ${what} has a control character, which no property has`, 'leave it out');
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.source)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  #error(at: number, wrong: string, remedy: string): Error {
    return sqlError(this.source, at, wrong, remedy);
  }
}

function token(kind: TokenKind, text: string, at: number): Token {
  return { kind, text, upperCase: '', at };
}
