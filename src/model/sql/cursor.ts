import { sqlError } from './sql-error.ts';
import { type Token, Tokens } from './tokens.ts';

/** The token that comes next, and short ways to ask for it and go past it. */
export class Cursor {
  readonly source: string;
  readonly #tokens: Tokens;
  token: Token;

  constructor(source: string) {
    this.source = source;
    this.#tokens = new Tokens(source);
    this.token = this.#tokens.next();
  }

  isAtEnd(): boolean {
    return this.token.kind === 'end';
  }

  advance(): void {
    this.token = this.#tokens.next();
  }

  isWord(upperCase: string): boolean {
    return this.token.kind === 'word' && this.token.upperCase === upperCase;
  }

  isSymbol(symbol: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === symbol;
  }

  /** Goes past a word when it comes next; answers whether it did. */
  skipWord(upperCase: string): boolean {
    if (!this.isWord(upperCase)) return false;
    this.advance();
    return true;
  }

  skipSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.advance();
    return true;
  }

  expectWord(upperCase: string, behind: string): void {
    if (!this.skipWord(upperCase)) throw this.wrong(`${upperCase} is missing behind ${behind}`, `write ${upperCase}`);
  }

  /** Goes past a text in single quotes. */
  expectText(behind: string): string {
    const { kind, text } = this.token;
    if (kind !== 'text') throw this.wrong(`${behind} has no text on its right`, "write one in single quotes, as in 'abc'");
    this.advance();
    return text;
  }

  /** The error of the token that comes next. */
  wrong(wrong: string, remedy: string): Error {
    return this.wrongAt(this.token.at, wrong, remedy);
  }

  wrongAt(at: number, wrong: string, remedy: string): Error {
    return sqlError(this.source, at, wrong, remedy);
  }
}
