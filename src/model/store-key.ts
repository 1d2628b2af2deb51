import { illegalArgument } from './errors.ts';
import { quoted } from './quoted.ts';
import { exceedsUtf8, isWellFormed } from './utf8.ts';

const MAX_KEY_BYTES = 1024;
const encoder = new TextEncoder();

/** The bytes of a key of the application store, or `MQ_ILLEGAL_ARGUMENT`. */
export function storeKey(key: unknown): Uint8Array {
  if (typeof key !== 'string') throw illegalArgument(`A key of the application store must be a string, not ${quoted(key)}`);
  if (key === '' || !isWellFormed(key) || exceedsUtf8(key, MAX_KEY_BYTES)) {
    throw illegalArgument(`A key of the application store must have 1 to ${MAX_KEY_BYTES} bytes of UTF-8 without a lone surrogate`);
  }
  return encoder.encode(key);
}

/** The bytes of a bound of a range, which may be empty and longer than a key. */
export function storeBound(name: string, bound: unknown): Uint8Array {
  if (typeof bound !== 'string') throw illegalArgument(`${name} of a range must be a string, not ${quoted(bound)}`);
  if (!isWellFormed(bound)) throw illegalArgument(`${name} of a range has a lone surrogate, which no key has; correct it`);
  // What lies behind so many bytes tells no two keys apart.
  return encoder.encode(bound).slice(0, MAX_KEY_BYTES + 1);
}
