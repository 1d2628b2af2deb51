import { illegalArgument, notSupported } from './errors.ts';
import { quoted } from './quoted.ts';

/** Where every option that there is has been built. */
const NOTHING_PLANNED: ReadonlySet<string> = new Set();

/**
 * Checks the names in an options object: what is not built yet is `MQ_NOT_SUPPORTED`, what does not exist `MQ_ILLEGAL_ARGUMENT`.
 * A name whose value is `undefined` is absent.
 */
export function checkFieldNames(
  what: string,
  options: object,
  known: ReadonlySet<string>,
  planned: ReadonlySet<string> = NOTHING_PLANNED,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.has(name)) continue;
    const where = what.charAt(0).toLowerCase() + what.slice(1);
    if (planned.has(name)) throw notSupported(`${name} in ${where}`);
    throw illegalArgument(`There is no ${quoted(name)} in ${where}; there are ${[...known].join(', ')}`);
  }
}

/** Returns an object of options, or throws for anything else. */
export function requireObject(what: string, options: unknown): Readonly<Record<string, unknown>> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw illegalArgument(`${what} must be an object, not ${quoted(options)}`);
  }
  return options as Readonly<Record<string, unknown>>;
}

/** Returns an integer of a range, or throws for anything else. */
export function requireInteger(what: string, value: unknown, lowest: number, highest: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < lowest || value > highest) {
    const range = highest === Number.MAX_SAFE_INTEGER ? `of at least ${lowest}` : `from ${lowest} to ${highest}`;
    throw illegalArgument(`${what} must be an integer ${range}, not ${quoted(value)}`);
  }
  return value;
}

/** Returns a boolean, or throws for anything else. */
export function requireBoolean(what: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw illegalArgument(`${what} must be true or false, not ${quoted(value)}`);
  return value;
}
