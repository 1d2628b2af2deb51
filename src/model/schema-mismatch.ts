import { BrokerError } from './errors.ts';
import { quoted } from './quoted.ts';
import type { StandardSchemaIssue } from './standard-schema.ts';

const SHOWN_ISSUES = 3;
const LONGEST_TEXT = 200;
const LONGEST_PATH = 100;

/**
 * The error of a value that a schema does not accept. Its message names where and what of the first issues, its `cause` is the list of all of them.
 * Libraries like to quote the value in what they say; bodies are never logged, so the value at the place of an issue is taken out of its text.
 */
export function schemaMismatch(topic: string, value: unknown, issues: readonly Partial<StandardSchemaIssue>[]): BrokerError {
  const found = issues.map((issue) => issueWithoutValue(issue ?? {}, value));
  const shown = found.slice(0, SHOWN_ISSUES).map(({ path, message }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`));
  const more = found.length - shown.length;
  return new BrokerError(
    'MQ_MESSAGE_SCHEMA_MISMATCH',
    `The message does not match the schema of topic ${quoted(topic)}: ${shown.join('; ') || 'no reason given'}${more > 0 ? `; and ${more} more` : ''}`,
    { details: { topic, issues: found.length, path: pathText(found[0]?.path ?? []) }, cause: Object.freeze(found) },
  );
}

function issueWithoutValue(issue: Partial<StandardSchemaIssue>, value: unknown): { message: string; path: readonly PropertyKey[] } {
  const path = Array.isArray(issue.path) ? issue.path.map(keyOf) : [];
  const message = typeof issue.message === 'string' ? issue.message : 'no reason given';
  const text = withoutValue(message, valueAt(value, path));
  return { message: text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text, path };
}

/** A part of a path is a key, or an object that has one. */
function keyOf(segment: unknown): PropertyKey {
  const key = typeof segment === 'object' && segment !== null ? (segment as { readonly key?: unknown }).key : segment;
  return typeof key === 'number' || typeof key === 'symbol' ? key : String(key);
}

/** `items[0].price`, cut short. */
function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number' || /^\d+$/.test(String(key))) text += `[${String(key)}]`;
    else if (/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${quoted(String(key))}]`;
    if (text.length > LONGEST_PATH) return `${text.slice(0, LONGEST_PATH)}…`;
  }
  return text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let part = value;
  try {
    for (const key of path) {
      if (typeof part !== 'object' || part === null) return undefined;
      part = (part as Readonly<Record<PropertyKey, unknown>>)[key];
    }
  } catch {
    // A getter that throws has no value to hide.
    return undefined;
  }
  return part;
}

/** Takes a text in quotes, a number or an instant out of what a library says of it. */
function withoutValue(message: string, value: unknown): string {
  if (typeof value === 'string') {
    let text = message.replaceAll(JSON.stringify(value), '…');
    for (const quote of ['"', "'", '`']) text = text.replaceAll(`${quote}${value}${quote}`, '…');
    return text;
  }
  if (typeof value === 'number' || typeof value === 'bigint') return withoutNumber(message, String(value));
  if (value instanceof Date && Number.isFinite(value.getTime())) return message.replaceAll(value.toISOString(), '…');
  return message;
}

/** A number that is a part of a longer one stays: 100 is not the value 10. */
function withoutNumber(message: string, digits: string): string {
  return message.replaceAll(new RegExp(`(?<![\\w.])${digits.replaceAll(/[.+]/g, '\\$&')}(?!\\w|\\.\\d)`, 'g'), '…');
}
