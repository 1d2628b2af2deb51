import type { Limits } from '../limits.ts';
import type { FilteredMessage, MessageFilter } from '../message-filter.ts';
import { exceedsUtf8, isWellFormed, utf8Length } from '../utf8.ts';
import { compile } from './evaluation.ts';
import type { Condition } from './expression.ts';
import { normalForm } from './normal-form.ts';
import { parseSql } from './parser.ts';
import { sqlError } from './sql-error.ts';
import { type Evaluator, TRUE } from './truth.ts';
import { wantedTagHashes } from './wanted-tags.ts';

/** A parsed SQL92 expression: a message is wanted where it is TRUE. */
export class SqlFilter implements MessageFilter {
  readonly language = 'sql';
  readonly normal: string;
  readonly #evaluate: Evaluator;
  readonly #tagHashes: ReadonlySet<number> | undefined;

  private constructor(condition: Condition) {
    this.normal = normalForm(condition);
    this.#evaluate = compile(condition);
    this.#tagHashes = wantedTagHashes(condition);
  }

  /** Parses an expression. @throws BrokerError `MQ_ILLEGAL_FILTER_EXPRESSION` with `details.line` and `details.column` */
  static parse(expression: string, limits: Limits): SqlFilter {
    checkText(expression, limits);
    return new SqlFilter(parseSql(expression));
  }

  mayMatch(tagHash: number): boolean {
    return this.#tagHashes === undefined || this.#tagHashes.has(tagHash);
  }

  matches(message: FilteredMessage): boolean {
    return this.#evaluate(message) === TRUE;
  }
}

function checkText(expression: string, { maxFilterBytes }: Limits): void {
  if (exceedsUtf8(expression, maxFilterBytes)) {
    const wrong = `an expression is larger than limits.maxFilterBytes, ${maxFilterBytes} bytes`;
    throw sqlError(expression, charactersIn(expression, maxFilterBytes), wrong, 'shorten it, or raise the limit');
  }
  if (!isWellFormed(expression)) {
    const at = /\p{Surrogate}/u.exec(expression)?.index ?? 0;
    throw sqlError(expression, at, 'a character is half a surrogate pair, which UTF-8 cannot hold', 'leave it out');
  }
}

/** Where the first character begins that does not fit into so many bytes. */
function charactersIn(text: string, bytes: number): number {
  let [at, used] = [0, 0];
  for (const character of text) {
    used += utf8Length(character);
    if (used > bytes) return at;
    at += character.length;
  }
  return at;
}
