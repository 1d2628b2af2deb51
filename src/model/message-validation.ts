import { BrokerError, illegalArgument } from './errors.ts';
import { jsonText } from './json-text.ts';
import { type Limits, MAX_SHORT } from './limits.ts';
import type { Message } from './message.ts';
import { copyProperties, propertiesBytes } from './message-properties.ts';
import { type MessageTerms, termsOf } from './message-terms.ts';
import { validateTopicName } from './names.ts';
import { quoted } from './quoted.ts';
import { resolveTypedMessageAtOnce } from './typed-message.ts';
import { exceedsUtf8, hasControlCharacter, isBlank, isWellFormed, utf8Length } from './utf8.ts';

/** A message that keeps every rule, with `json` written as text. The body still belongs to the caller. */
export interface MessageDraft {
  readonly topic: string;
  readonly body: Uint8Array | string;
  readonly tag: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>> | undefined;
  readonly messageGroup: string | undefined;
  readonly partitionKey: string | undefined;
  /** When and how long the message counts; absent for most. */
  readonly terms: MessageTerms | undefined;
}

const NO_KEYS: readonly string[] = Object.freeze([]);

/** Unforgeable, and true for arrays and Buffers of another realm too, where `instanceof` is not. */
const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/**
 * Checks a message against the limits, and by the schema of its topic where that has not been done before. Throws a `TypeError` for what is no message at all, and the `BrokerError` of the rule that is broken.
 */
export function validateMessage(given: Message, limits: Limits): MessageDraft {
  if (typeof given !== 'object' || given === null) throw illegalArgument(`A message must be an object, not ${quoted(given)}`);
  const message = resolveTypedMessageAtOnce(given);
  const hasTerms = checkFields(message);
  const topic = validateTopicName(message.topic, limits);
  const { tag, keys, properties, messageGroup, partitionKey } = message;
  const body = bodyOf(message.body, message.json, limits);
  if (tag !== undefined) checkTag(tag, limits);
  const ownKeys = keys === undefined ? NO_KEYS : copyKeys(keys, limits);
  const ownProperties = properties === undefined ? undefined : copyProperties(properties, limits);
  if (ownKeys !== NO_KEYS || ownProperties !== undefined) checkTotal(tag, ownKeys, ownProperties, limits);
  if (messageGroup !== undefined) checkGroup('messageGroup', messageGroup, limits);
  if (partitionKey !== undefined) {
    checkGroup('partitionKey', partitionKey, limits);
    if (messageGroup !== undefined) {
      throw illegalArgument('A message has a messageGroup or a partitionKey, not both: a message group chooses its queue itself');
    }
  }
  const terms = hasTerms ? termsOf(message, limits) : undefined;
  return { topic, body, tag, keys: ownKeys, properties: ownProperties, messageGroup, partitionKey, terms };
}

/** True when a field is there that most messages do not have, or may be: an object of a class may answer it by a getter, which no loop meets. */
function checkFields(message: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(message);
  let hasTerms = prototype !== Object.prototype && prototype !== null;
  for (const name in message) {
    switch (name) {
      case 'topic':
      case 'body':
      case 'json':
      case 'tag':
      case 'keys':
      case 'properties':
      case 'messageGroup':
      case 'partitionKey':
        continue;
      case 'deliverAtMs':
      case 'delayMs':
      case 'delayLevel':
      case 'priority':
      case 'ttlMs':
      case 'dedupKey':
        hasTerms = true;
        continue;
      default:
        refuseField(message, name);
    }
  }
  return hasTerms;
}

function refuseField(message: object, name: string): void {
  if ((message as Readonly<Record<string, unknown>>)[name] === undefined) return;
  throw illegalArgument(`A message has no field ${quoted(name)}; put data of your own into properties`);
}

function bodyOf(body: unknown, json: unknown, limits: Limits): Uint8Array | string {
  if (json !== undefined) {
    if (body !== undefined) throw illegalArgument('A message has a body or json, not both');
    return checkText(jsonText(json), limits);
  }
  if (typeof body === 'string') {
    if (!isWellFormed(body)) throw illegalArgument('The body has a lone surrogate, which UTF-8 cannot hold; send the bytes instead');
    return checkText(body, limits);
  }
  if (typedArrayName.call(body) !== 'Uint8Array') {
    throw illegalArgument(`A message needs a body (a string or a Uint8Array) or json; body is ${quoted(body)}`);
  }
  const bytes = body as Uint8Array;
  if (bytes.byteLength === 0) throw emptyBody();
  if (bytes.byteLength > limits.maxBodyBytes) throw bodyTooLarge(bytes.byteLength, limits);
  return bytes;
}

function checkText(text: string, limits: Limits): string {
  if (text.length === 0) throw emptyBody();
  if (exceedsUtf8(text, limits.maxBodyBytes)) throw bodyTooLarge(utf8Length(text), limits);
  return text;
}

function emptyBody(): BrokerError {
  return new BrokerError('MQ_MESSAGE_BODY_EMPTY', 'The body of the message is empty; send at least one byte');
}

function bodyTooLarge(bytes: number, limits: Limits): BrokerError {
  return new BrokerError(
    'MQ_MESSAGE_BODY_TOO_LARGE',
    `Body of ${bytes} bytes exceeds limits.maxBodyBytes, ${limits.maxBodyBytes}; send a reference to the data, or raise the limit`,
  );
}

function checkTag(tag: unknown, limits: Limits): void {
  if (typeof tag !== 'string') throw illegalArgument(`The tag of a message must be a string, not ${quoted(tag)}`);
  if (isBlank(tag) || tag.includes('|') || hasControlCharacter(tag) || !isWellFormed(tag)) {
    throw new BrokerError(
      'MQ_ILLEGAL_MESSAGE_TAG',
      `Tag ${quoted(tag)} must not be blank and must have no '|', control character or lone surrogate; correct it or leave it out`,
    );
  }
  if (exceedsUtf8(tag, limits.maxTagBytes)) {
    throw new BrokerError(
      'MQ_ILLEGAL_MESSAGE_TAG',
      `Tag of ${utf8Length(tag)} bytes exceeds limits.maxTagBytes, ${limits.maxTagBytes}; shorten it`,
    );
  }
}

function copyKeys(keys: unknown, limits: Limits): readonly string[] {
  if (!Array.isArray(keys)) throw illegalArgument(`The keys of a message must be an array of strings, not ${quoted(keys)}`);
  if (keys.length > limits.maxKeys) {
    throw new BrokerError('MQ_ILLEGAL_MESSAGE_KEY', `${keys.length} keys exceed limits.maxKeys, ${limits.maxKeys}; leave some out`);
  }
  if (keys.length === 0) return NO_KEYS;
  const copy: string[] = [];
  for (let index = 0; index < keys.length; index++) copy.push(checkKey(keys[index], index));
  return copy;
}

/** Keys may hold personal data, so messages name only their index. */
function checkKey(key: unknown, index: number): string {
  if (typeof key !== 'string') throw illegalArgument(`keys[${index}] of a message must be a string, not ${quoted(key)}`);
  if (isBlank(key) || hasControlCharacter(key) || !isWellFormed(key) || exceedsUtf8(key, MAX_SHORT)) {
    throw new BrokerError(
      'MQ_ILLEGAL_MESSAGE_KEY',
      `keys[${index}] must not be blank, must have no control character or lone surrogate, and at most ${MAX_SHORT} bytes of UTF-8; correct it`,
    );
  }
  return key;
}

function checkTotal(
  tag: string | undefined,
  keys: readonly string[],
  properties: Readonly<Record<string, string>> | undefined,
  limits: Limits,
): void {
  let bytes = properties === undefined ? 0 : propertiesBytes(properties);
  if (tag !== undefined) bytes += utf8Length(tag);
  for (const key of keys) bytes += utf8Length(key);
  if (bytes > limits.maxPropertiesBytes) {
    throw new BrokerError(
      'MQ_MESSAGE_PROPERTIES_TOO_LARGE',
      `Tag, keys and properties of ${bytes} bytes exceed limits.maxPropertiesBytes, ${limits.maxPropertiesBytes}; move data into the body`,
    );
  }
}

function checkGroup(field: 'messageGroup' | 'partitionKey', value: unknown, limits: Limits): void {
  if (typeof value !== 'string') throw illegalArgument(`The ${field} of a message must be a string, not ${quoted(value)}`);
  const limit = limits.maxMessageGroupBytes;
  if (isBlank(value) || hasControlCharacter(value) || !isWellFormed(value) || exceedsUtf8(value, limit)) {
    throw new BrokerError(
      'MQ_ILLEGAL_MESSAGE_GROUP',
      `${field} ${quoted(value)} must not be blank, must take at most ${limit} bytes of UTF-8 and have no control character; shorten or hash it`,
    );
  }
}
