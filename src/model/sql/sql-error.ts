import { BrokerError } from '../errors.ts';
import { quoted } from '../quoted.ts';

const EXCERPT = 24;

/** A place in an expression as people count: both from 1, columns in characters. */
interface SourcePlace {
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset; `\n`, `\r\n` and `\r` end a line. */
function placeOf(source: string, offset: number): SourcePlace {
  const lines = source.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: lines.length, column: [...(lines.at(-1) as string)].length + 1 };
}

/** The error of an expression that is wrong at `offset`: what is wrong there, and what to write instead. */
export function sqlError(source: string, offset: number, wrong: string, remedy: string): BrokerError {
  const { line, column } = placeOf(source, offset);
  const rest = source.slice(offset);
  const excerpt = [...rest.slice(0, 2 * EXCERPT)].slice(0, EXCERPT).join('');
  const where = rest === '' ? 'at its end' : `at ${quoted(excerpt)}${excerpt.length < rest.length ? '…' : ''}`;
  return new BrokerError('MQ_ILLEGAL_FILTER_EXPRESSION', `SQL filter, line ${line}, column ${column}, ${where}: ${wrong}; ${remedy}`, {
    details: { line, column },
  });
}
