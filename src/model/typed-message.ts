import { illegalArgument } from './errors.ts';
import { jsonText } from './json-text.ts';
import type { Message } from './message.ts';
import { quoted } from './quoted.ts';
import { outputAtOnce, type SchemaCheck, useOutput } from './schema-check.ts';
import type { StandardSchema } from './standard-schema.ts';
import { requireTopic, type SchemaTopic, type Topic } from './typed-topic.ts';

/**
 * What a send takes as `json` for a topic.
 * @public
 * @since 0.2.0
 */
export type InputOf<To extends string | Topic> = To extends Topic<unknown, string, infer Input> ? Input : unknown;

/**
 * What a topic with a schema asks of the content of its messages.
 * @public
 * @since 0.2.0
 */
export interface SchemaContent {
  /** Has to be there; its type follows from the topic. */
  readonly json: unknown;
  /** Nothing could check it. */
  readonly body?: undefined;
}

/**
 * What a topic asks of the content of its messages beside the rules that hold for all.
 * @public
 * @since 0.2.0
 */
export type ContentOf<To extends string | Topic> = To extends SchemaTopic ? SchemaContent : unknown;

/**
 * A message as a send takes it: what it may hold follows from its topic.
 * @public
 * @since 0.2.0
 */
export type MessageTo<To extends string | Topic> = Message<InputOf<To>, To> & ContentOf<To>;

type Fields = Record<string, unknown>;

/** Every field that a message may have beside its topic: a message may be an object of a class, which answers some by getters. */
const FIELDS: Readonly<Record<Exclude<keyof Message, 'topic'>, true>> = {
  body: true,
  json: true,
  tag: true,
  keys: true,
  properties: true,
  messageGroup: true,
  partitionKey: true,
  deliverAtMs: true,
  delayMs: true,
  delayLevel: true,
  priority: true,
  ttlMs: true,
  dedupKey: true,
};

/**
 * The message with the name of its topic, and with what the schema of the topic makes of its `json`; later where the schema answers later: until
 * then the caller may do with the message what he likes. A message to a topic by name is answered as it is.
 * Throws, or rejects with, `MQ_MESSAGE_SCHEMA_MISMATCH`, `MQ_ILLEGAL_ARGUMENT`.
 */
export function resolveTypedMessage(message: Message): Message | Promise<Message> {
  if (!isTyped(message)) return message;
  const { topic, fields } = partsOf(message);
  if (topic.schema === undefined) return withContent(fields, topic, fields['json']);
  // A schema that answers later answers after this turn, when the fields are copies.
  let rest = fields;
  const resolved = useOutput(checkOf(topic, topic.schema, fields), (output) => withOutput(rest, topic, output));
  if (resolved instanceof Promise) rest = ownFields({ ...fields, json: undefined });
  return resolved;
}

/** As `resolveTypedMessage`, for the messages of one call; later as soon as one of them is. */
export function resolveTypedMessages(messages: readonly Message[]): readonly Message[] | Promise<readonly Message[]> {
  if (!Array.isArray(messages) || !messages.some(isTyped)) return messages;
  const resolved: (Message | Promise<Message>)[] = [];
  try {
    for (const message of messages) resolved.push(resolveTypedMessage(message));
    if (!resolved.some((one) => one instanceof Promise)) return resolved as Message[];
    return Promise.all(resolved.map((one) => (one instanceof Promise ? one : ownMessage(one))));
  } catch (error) {
    for (const one of resolved) if (one instanceof Promise) one.catch(() => undefined);
    throw error;
  }
}

/** As `resolveTypedMessage`, for who cannot wait: a schema that answers later is `MQ_NOT_SUPPORTED`. */
export function resolveTypedMessageAtOnce(message: Message): Message {
  if (!isTyped(message)) return message;
  const { topic, fields } = partsOf(message);
  if (topic.schema === undefined) return withContent(fields, topic, fields['json']);
  return withOutput(fields, topic, outputAtOnce(checkOf(topic, topic.schema, fields)));
}

/** What is no message at all is told by the check of messages. */
function isTyped(message: unknown): message is Message<unknown, Topic> {
  if (typeof message !== 'object' || message === null) return false;
  const { topic } = message as { readonly topic?: unknown };
  return typeof topic === 'object' && topic !== null;
}

/** Names that no message has are kept, so that they are refused. */
function partsOf(message: Message<unknown, Topic>): { topic: Topic; fields: Fields } {
  const source = message as unknown as Fields;
  const fields: Fields = Object.create(null);
  for (const name in source) fields[name] = source[name];
  for (const name in FIELDS) if (!(name in fields) && source[name] !== undefined) fields[name] = source[name];
  return { topic: requireTopic('The topic of a message must be a name or', source['topic']), fields };
}

function checkOf({ name: topic }: Topic, schema: StandardSchema, { body, json }: Fields): SchemaCheck {
  if (body !== undefined) {
    throw illegalArgument(`Topic ${quoted(topic)} has a schema, so its messages have no body; send json, or send to the topic by its name`);
  }
  if (json === undefined || json === null) {
    throw illegalArgument(`A message to topic ${quoted(topic)}, which has a schema, needs json, which is ${quoted(json)}`);
  }
  return { topic, schema, value: json };
}

function withOutput(fields: Fields, topic: Topic, output: unknown): Message {
  if (output === undefined || output === null) {
    throw illegalArgument(
      `The schema of topic ${quoted(topic.name)} makes ${quoted(output)} of json, which cannot be stored; correct the schema`,
    );
  }
  return withContent(fields, topic, output);
}

function withContent(fields: Fields, topic: Topic, json: unknown): Message {
  return { ...fields, topic: topic.name, json };
}

/** A message that waits for others, with its content as it is now. */
function ownMessage(message: Message): Message {
  const { json, ...rest } = message;
  const content = json === undefined || json === null || rest.body !== undefined ? { json } : { body: jsonText(json) };
  return ownFields({ ...rest, ...content }) as unknown as Message;
}

/** Copies of what the caller could still change; what is of no right kind is left to the check of messages. */
function ownFields(fields: Fields): Fields {
  const { body, keys, properties } = fields;
  const own = { ...fields };
  if (kindOf(body) === 'Uint8Array') own['body'] = new Uint8Array(body as Uint8Array);
  if (Array.isArray(keys)) own['keys'] = [...keys];
  if (kindOf(properties) === 'Object') own['properties'] = { ...(properties as object) };
  return own;
}

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
