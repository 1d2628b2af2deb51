import type { FilteredMessage } from '../message-filter.ts';
import { isReservedName } from '../message-properties.ts';

/** The tag of a message. */
export const TAGS = 'TAGS';
/** The keys of a message, joined by blanks as RocketMQ stores them. */
const KEYS = 'KEYS';

/** Reads one property of a message; `undefined` is NULL. */
export type PropertyReader = (message: FilteredMessage) => string | undefined;

/** Why no filter can ask for a name, or `undefined` where one can: what no message can have is NULL for ever, and would filter in silence. */
export function problemOfName(name: string): { readonly wrong: string; readonly remedy: string } | undefined {
  if (name === TAGS || name === KEYS || !isReservedName(name)) return undefined;
  return {
    wrong: `${name} is reserved for the system, which no filter sees`,
    remedy: 'of the system, only TAGS and KEYS can be asked for',
  };
}

export function readerOf(name: string): PropertyReader {
  if (name === TAGS) return (message) => message.tag;
  if (name === KEYS) return keysOf;
  return (message) => message.properties[name];
}

function keysOf({ keys }: FilteredMessage): string | undefined {
  return keys.length === 0 ? undefined : keys.join(' ');
}
