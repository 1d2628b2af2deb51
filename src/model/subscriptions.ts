import { illegalArgument } from './errors.ts';
import type { MessageView } from './message.ts';
import { checkFieldNames, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';
import type { StandardSchema } from './standard-schema.ts';
import type { Subscription } from './subscription.ts';
import { isTopic, requireTopic, type Topic } from './typed-topic.ts';

/**
 * A typed topic, and what is wanted of it.
 * @public
 * @since 0.2.0
 */
export interface TopicSubscription<To extends Topic = Topic> {
  /** What `defineTopic` has made. */
  readonly topic: To;
  /** Default `'*'`. */
  readonly filter?: Subscription | undefined;
}

/**
 * Topics and what is wanted of them: by name, or a list of typed topics, which give the messages their types. In a list a topic alone stands for
 * everything.
 * @public
 * @since 0.1.0
 */
export type Subscriptions = Readonly<Record<string, Subscription>> | readonly (Topic | TopicSubscription)[];

/**
 * The messages that subscriptions bring; of several typed topics a union that `message.topic` tells apart.
 * @public
 * @since 0.2.0
 */
export type ViewOf<Subscribed extends Subscriptions> = Subscribed extends readonly (infer Entry)[] ? ViewOfEntry<Entry> : MessageView;

/**
 * The messages that an entry of a list of subscriptions brings.
 * @public
 * @since 0.2.0
 */
export type ViewOfEntry<Entry> =
  Entry extends Topic<infer T, infer Name, unknown>
    ? MessageView<T, Name>
    : Entry extends TopicSubscription<Topic<infer T, infer Name, unknown>>
      ? MessageView<T, Name>
      : never;

/** One topic of subscriptions. */
interface SubscribedTopic {
  readonly name: string;
  readonly filter: Subscription;
  readonly schema: StandardSchema | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(['topic', 'filter']);

/** The topics of subscriptions of either shape, each once. Names and filters are not checked yet. */
export function subscribedTopics(subscriptions: Subscriptions): SubscribedTopic[] {
  if (!Array.isArray(subscriptions)) {
    if (isTopic(subscriptions)) throw illegalArgument('subscriptions must be a list of topics, such as [orders], or an object');
    return Object.entries(requireObject('subscriptions', subscriptions) as Record<string, Subscription>).map(([name, filter]) => ({
      name,
      filter,
      schema: undefined,
    }));
  }
  const topics = subscriptions.map(subscribedTopic);
  const names = new Set<string>();
  for (const { name } of topics) {
    if (names.has(name)) throw illegalArgument(`subscriptions name topic ${quoted(name)} twice; join what is wanted of it in one filter`);
    names.add(name);
  }
  return topics;
}

/** The schemas of subscriptions, by topic name; `undefined` where no topic has one. */
export function schemasOf(subscriptions: Subscriptions): Map<string, StandardSchema> | undefined {
  if (!Array.isArray(subscriptions)) return undefined;
  const schemas = new Map<string, StandardSchema>();
  for (const { name, schema } of subscribedTopics(subscriptions)) if (schema !== undefined) schemas.set(name, schema);
  return schemas.size === 0 ? undefined : schemas;
}

function subscribedTopic(entry: unknown): SubscribedTopic {
  if (isTopic(entry)) return { name: entry.name, filter: '*', schema: entry.schema };
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw illegalArgument(`A list of subscriptions holds topics that defineTopic has made, or { topic, filter }, not ${quoted(entry)}`);
  }
  checkFieldNames('A subscription in a list', entry, KNOWN);
  const { topic: given, filter = '*' } = entry as Readonly<Record<string, unknown>>;
  const topic = requireTopic('The topic of a subscription in a list must be', given);
  return { name: topic.name, filter: filter as Subscription, schema: topic.schema };
}
