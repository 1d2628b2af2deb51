import { illegalArgument } from './errors.ts';
import { quoted } from './quoted.ts';

/** The text that a value is stored as. Throws `MQ_ILLEGAL_ARGUMENT` for a value that has none. */
export function jsonText(json: unknown): string {
  if (json === null) throw illegalArgument('json is null, which is not absence; send an object that says so');
  let text: string | undefined;
  try {
    text = JSON.stringify(json);
  } catch (cause) {
    throw illegalArgument('json cannot be written as JSON text; see the cause', { cause });
  }
  // JSON.stringify answers undefined for functions, symbols, and objects whose toJSON does.
  if (typeof text !== 'string') throw illegalArgument(`json is ${quoted(json)} without a JSON text; send a value that has one`);
  return text;
}
