import { BrokerError, notSupported } from './errors.ts';
import type { MessageTerms } from './message-terms.ts';
import { checkFieldNames, requireInteger, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';
import { requireTopicType, type TopicType } from './topic-type.ts';

/** What a message is, by its fields and by how it is sent. */
export type MessageType = 'normal' | 'fifo' | 'delay' | 'transaction' | 'priority';

/**
 * Options of a topic.
 * @public
 * @since 0.1.0
 */
export interface TopicOptions {
  /** Default `mixed`. */
  readonly type?: TopicType | undefined;
  /** 1 to 1,024; default 4. Can only grow. */
  readonly queueCount?: number | undefined;
  /**
   * How long after it became visible a message may still be delivered, milliseconds, where the message does not say it itself; default: for ever.
   * It can be changed later, and not be taken away again: `Number.MAX_SAFE_INTEGER` is as good as for ever.
   * @since 0.2.0
   */
  readonly ttlMs?: number | undefined;
  /**
   * How long the `dedupKey` of a message keeps others with the same key out, milliseconds; default 300,000 (5 minutes).
   * @since 0.2.0
   */
  readonly dedupWindowMs?: number | undefined;
  /** `false` keeps everything, which is what this version does anyway. */
  readonly retention?: false | undefined;
}

/** Options of a topic with nothing left open. */
export interface ResolvedTopicOptions {
  /** What it accepts. */
  readonly type: TopicType;
  /** How many queues it has. */
  readonly queueCount: number;
  /** Absent in a topic without a time to live. */
  readonly ttlMs?: number;
  /** Absent where it is the default. */
  readonly dedupWindowMs?: number;
}

/**
 * A topic as the broker knows it.
 * @public
 * @since 0.1.0
 */
export interface TopicInfo {
  /** Its name. */
  readonly name: string;
  /** Never given to another topic, also after this one was deleted. */
  readonly topicId: number;
  /** What it accepts. */
  readonly type: TopicType;
  /** How many queues it has now. */
  readonly queueCount: number;
  /** How many queues it was created with; message groups are spread over these. */
  readonly createdQueueCount: number;
  /**
   * How long a message may be delivered after it became visible, milliseconds; `undefined`: for ever.
   * @since 0.2.0
   */
  readonly ttlMs: number | undefined;
  /**
   * How long a `dedupKey` keeps others out, milliseconds.
   * @since 0.2.0
   */
  readonly dedupWindowMs: number;
  /**
   * Delay messages that wait for their time.
   * @since 0.2.0
   */
  readonly delayed: number;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** All its queues, by id. */
  readonly queues: readonly QueueInfo[];
}

/**
 * A queue of a topic.
 * @public
 * @since 0.1.0
 */
export interface QueueInfo {
  /** From 0. */
  readonly queueId: number;
  /**
   * In a priority topic each queue has offsets of its own for each priority; else `undefined`.
   * @since 0.2.0
   */
  readonly priority?: number | undefined;
  /** Offset of the oldest message that is kept. */
  readonly minOffset: number;
  /** Offset that the next message gets. */
  readonly maxOffset: number;
}

const MAX_QUEUES = 1024;
/** How long a `dedupKey` keeps others out of a topic that does not say it, milliseconds. */
const DEFAULT_DEDUP_WINDOW_MS = 300_000;

/** How long a `dedupKey` keeps others out of a topic with these options, milliseconds. */
export function dedupWindowOf({ dedupWindowMs = DEFAULT_DEDUP_WINDOW_MS }: ResolvedTopicOptions): number {
  return dedupWindowMs;
}

const DEFAULT_TOPIC_OPTIONS: ResolvedTopicOptions = Object.freeze({ type: 'mixed', queueCount: 4 });
const KNOWN: ReadonlySet<string> = new Set(['type', 'queueCount', 'ttlMs', 'dedupWindowMs', 'retention']);

/** Checks the options of a topic and fills what is absent from `defaults`. */
export function resolveTopicOptions(
  options: TopicOptions | undefined,
  defaults: ResolvedTopicOptions = DEFAULT_TOPIC_OPTIONS,
): ResolvedTopicOptions {
  if (options === undefined) return { ...defaults };
  const { type, queueCount, ttlMs, dedupWindowMs, retention } = requireObject('Topic options', options);
  checkFieldNames('topic options', options, KNOWN);
  if (retention !== undefined && retention !== false) throw notSupported('retention of topic options (other than false)');
  return {
    ...defaults,
    ...(type === undefined ? {} : { type: requireTopicType(type) }),
    ...(queueCount === undefined ? {} : { queueCount: requireInteger('queueCount of a topic', queueCount, 1, MAX_QUEUES) }),
    ...(ttlMs === undefined ? {} : { ttlMs: requireInteger('ttlMs of a topic', ttlMs, 1) }),
    ...(dedupWindowMs === undefined ? {} : { dedupWindowMs: requireInteger('dedupWindowMs of a topic', dedupWindowMs, 1) }),
  };
}

/** What decides the type of a message. */
export interface TypedByFields {
  readonly messageGroup: string | undefined;
  readonly terms: MessageTerms | undefined;
}

/** The type of a message: the first that fits, in RocketMQ's order. */
export function messageTypeOf({ messageGroup, terms }: TypedByFields, isTransactional: boolean): MessageType {
  if (isTransactional) return 'transaction';
  if (terms?.delivery !== undefined) return 'delay';
  if (messageGroup !== undefined) return 'fifo';
  return terms?.priority === undefined ? 'normal' : 'priority';
}

/** Throws `MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE` unless a topic of this type accepts the message. */
export function checkTopicType(topic: string, type: TopicType, message: TypedByFields, isTransactional: boolean): void {
  if (type === 'mixed' && message.terms === undefined) return;
  if (accepts(type, message, isTransactional)) return;
  throw new BrokerError(
    'MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
    `Topic ${quoted(topic)} is of type '${type}' and does not accept ${what(type, message, isTransactional)}; ${remedy(topic, type, message)}`,
  );
}

/** A priority needs the queues of a priority topic; there it goes together with a delivery time and a transaction. */
function accepts(type: TopicType, message: TypedByFields, isTransactional: boolean): boolean {
  if (type === 'priority') return message.messageGroup === undefined;
  if (message.terms?.priority !== undefined) return false;
  return type === 'mixed' || messageTypeOf(message, isTransactional) === type;
}

/** What of the message it is that the topic does not accept. */
function what(type: TopicType, message: TypedByFields, isTransactional: boolean): string {
  if (type === 'priority') return WHAT.fifo;
  if (message.terms?.priority !== undefined) return WHAT.priority;
  const kind = messageTypeOf(message, isTransactional);
  return kind === 'normal' ? WITHOUT[type as keyof typeof WITHOUT] : WHAT[kind];
}

/** A topic has priorities from its creation or never. */
function remedy(topic: string, type: TopicType, { terms }: TypedByFields): string {
  if (terms?.priority === undefined && type !== 'priority') return `admin.updateTopic(${quoted(topic)}, { type: 'mixed' }) changes that`;
  return `send it to a topic that admin.createTopic(name, { type: '${type === 'priority' ? 'fifo' : 'priority'}' }) has created`;
}

/** What a message lacks that has nothing special. */
const WITHOUT = {
  fifo: 'a message without a messageGroup',
  delay: 'a message without deliverAtMs, delayMs or delayLevel',
  transaction: 'a message that no transaction of producer.beginTransaction sends',
};

const WHAT: Readonly<Record<Exclude<MessageType, 'normal'>, string>> = {
  fifo: 'a message with a messageGroup',
  delay: 'a message with a delivery time',
  transaction: 'a message of a transaction',
  priority: 'a message with a priority',
};
