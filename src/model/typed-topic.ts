import { illegalArgument } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { validateTopicName } from './names.ts';
import { checkFieldNames, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';
import type { SchemaInput, SchemaOutput, StandardSchema, StandardSchemaTypes } from './standard-schema.ts';
import { requireTopicType, type TopicType } from './topic-type.ts';

/**
 * A topic with the type of its messages, made by {@link defineTopic}: a plain value that never changes, belongs to no broker, and of which nothing
 * is stored. `T` is what `message.json()` answers, `Input` what a send takes as `json`.
 * @public
 * @since 0.2.0
 */
export interface Topic<T = unknown, Name extends string = string, Input = T> {
  /** As in `message.topic`. */
  readonly name: Name;
  /** The type that the topic gets when a send through this value is what creates it; a topic that exists keeps its own. */
  readonly type?: TopicType | undefined;
  /** Checks what is sent, and on demand what is received; without one only the compiler checks. */
  readonly schema?: StandardSchema<Input, T> | undefined;
  /** Marks what `defineTopic` has made, and carries the types. */
  readonly '~topic': TopicMark<T, Input>;
}

/**
 * A topic whose messages are checked before they are stored: they have `json`, never a `body`.
 * @public
 * @since 0.2.0
 */
export interface SchemaTopic<T = unknown, Name extends string = string, Input = T> extends Topic<T, Name, Input> {
  /** Checks what is sent, and on demand what is received. */
  readonly schema: StandardSchema<Input, T>;
}

/**
 * What tells a {@link Topic} from any other object.
 * @public
 * @since 0.2.0
 */
export interface TopicMark<T = unknown, Input = T> {
  /** The version of the mark. */
  readonly version: 1;
  /** For the compiler only. */
  readonly types?: StandardSchemaTypes<Input, T> | undefined;
}

/**
 * What {@link defineTopic} may be told of a topic.
 * @public
 * @since 0.2.0
 */
export interface TopicDefinition<Schema extends StandardSchema | undefined = StandardSchema | undefined> {
  /** A schema of zod, valibot, arktype or another library that follows Standard Schema 1. */
  readonly schema?: Schema;
  /** The type that the topic gets when a send through this value is what creates it; default: that of `autoCreateTopics`. */
  readonly type?: TopicType | undefined;
}

const MARK: TopicMark = Object.freeze({ version: 1 });
const KNOWN: ReadonlySet<string> = new Set(['schema', 'type']);

/**
 * A topic whose messages are checked. `send({ topic: orders, json })` is checked by the compiler and, before anything is stored, by the schema, whose
 * output is what is stored, as JSON text; `subscriptions: [orders]` gives `message.json()` its type. What JSON cannot hold, such as a `Date`, comes
 * back as what JSON made of it, unless `json({ validate: true })` lets a schema that accepts that make it anew.
 *
 * @example
 * ```ts
 * const orders = defineTopic('orders', { schema: z.object({ id: z.string(), cents: z.int() }) });
 * ```
 * @throws BrokerError `MQ_ILLEGAL_TOPIC`; TypeError `MQ_ILLEGAL_ARGUMENT`, also for a schema that does not follow Standard Schema 1
 * @public
 * @since 0.2.0
 */
export function defineTopic<Schema extends StandardSchema, Name extends string>(
  name: Name,
  options: TopicDefinition<Schema> & { readonly schema: Schema },
): SchemaTopic<SchemaOutput<Schema>, Name, SchemaInput<Schema>>;
/**
 * A topic with a type that only the compiler checks. Where `message.topic` shall tell several topics apart, the name has to be written as a type too.
 *
 * @example
 * ```ts
 * const orders = defineTopic<Order>('orders');
 * const invoices = defineTopic<Invoice, 'invoices'>('invoices');
 * ```
 * @throws BrokerError `MQ_ILLEGAL_TOPIC`; TypeError `MQ_ILLEGAL_ARGUMENT`
 * @public
 * @since 0.2.0
 */
export function defineTopic<T = unknown, Name extends string = string>(name: Name, options?: TopicDefinition<undefined>): Topic<T, Name>;
export function defineTopic(name: string, options: TopicDefinition = {}): Topic {
  validateTopicName(name, DEFAULT_LIMITS);
  checkFieldNames('The options of defineTopic', requireObject('The options of defineTopic', options), KNOWN);
  const { schema, type } = options;
  return Object.freeze({
    name,
    ...(type === undefined ? {} : { type: requireTopicType(type) }),
    ...(schema === undefined ? {} : { schema: requireSchema(schema) }),
    '~topic': MARK,
  });
}

/** Whether a value was made by `defineTopic`, also by that of another copy of this package. */
export function isTopic(value: unknown): value is Topic {
  return typeof value === 'object' && value !== null && '~topic' in value;
}

/** Returns a typed topic, or throws for anything else; `rule` says what is allowed up to "a topic". */
export function requireTopic(rule: string, value: unknown): Topic {
  if (!isTopic(value)) throw illegalArgument(`${rule} a topic that defineTopic has made, not ${quoted(value)}`);
  return value;
}

/** The name of a topic; what is neither a name nor a topic is left to the check of names. */
export function topicNameOf(topic: string | Topic): string {
  return isTopic(topic) ? topic.name : topic;
}

/** A schema may be a function, as arktype's are. */
function requireSchema(schema: unknown): StandardSchema {
  const canHold = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  const { version, validate } = ((canHold && (schema as { '~standard'?: unknown })['~standard']) || {}) as Readonly<
    Record<string, unknown>
  >;
  if (version !== 1 || typeof validate !== 'function') {
    throw illegalArgument(
      `schema of a topic must follow Standard Schema 1, as those of zod, valibot and arktype do; ${quoted(schema)} does not`,
    );
  }
  return schema as StandardSchema;
}
