import { BrokerError, illegalArgument, notSupported } from './errors.ts';
import { checkFieldNames, requireInteger, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';

/**
 * What a topic accepts: `normal` messages without a message group, `fifo` only those with one, `mixed` both.
 * @public
 * @since 0.1.0
 */
export type TopicType = 'normal' | 'fifo' | 'mixed';

/** What a message is, by its fields. */
export type MessageType = 'normal' | 'fifo';

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
  /** `false` keeps everything, which is what this version does anyway. */
  readonly retention?: false | undefined;
}

/** Options of a topic with nothing left open. */
export interface ResolvedTopicOptions {
  /** What it accepts. */
  readonly type: TopicType;
  /** How many queues it has. */
  readonly queueCount: number;
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
  /** Offset of the oldest message that is kept. */
  readonly minOffset: number;
  /** Offset that the next message gets. */
  readonly maxOffset: number;
}

const MAX_QUEUES = 1024;
const DEFAULT_TOPIC_OPTIONS: ResolvedTopicOptions = Object.freeze({ type: 'mixed', queueCount: 4 });
const KNOWN: ReadonlySet<string> = new Set(['type', 'queueCount', 'retention']);
const PLANNED: ReadonlySet<string> = new Set(['ttlMs', 'dedupWindowMs']);

/** Checks the options of a topic and fills what is absent from `defaults`. */
export function resolveTopicOptions(
  options: TopicOptions | undefined,
  defaults: ResolvedTopicOptions = DEFAULT_TOPIC_OPTIONS,
): ResolvedTopicOptions {
  if (options === undefined) return { ...defaults };
  const { type, queueCount, retention } = requireObject('Topic options', options);
  checkFieldNames('topic options', options, KNOWN, PLANNED);
  if (retention !== undefined && retention !== false) throw notSupported('retention of topic options (other than false)');
  return {
    type: type === undefined ? defaults.type : requireTopicType(type),
    queueCount: queueCount === undefined ? defaults.queueCount : requireInteger('queueCount of a topic', queueCount, 1, MAX_QUEUES),
  };
}

function requireTopicType(type: unknown): TopicType {
  switch (type) {
    case 'normal':
    case 'fifo':
    case 'mixed':
      return type;
    case 'delay':
    case 'transaction':
    case 'priority':
      throw notSupported(`Topic type ${quoted(type)}`);
    default:
      throw illegalArgument(`Topic type must be 'normal', 'fifo' or 'mixed', not ${quoted(type)}`);
  }
}

/** The type of a message, by its fields. */
export function messageTypeOf(message: { readonly messageGroup: string | undefined }): MessageType {
  return message.messageGroup === undefined ? 'normal' : 'fifo';
}

/** Throws `MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE` unless a topic of this type accepts the message. */
export function checkTopicType(topic: string, type: TopicType, message: { readonly messageGroup: string | undefined }): void {
  if (type === 'mixed') return;
  const actual = messageTypeOf(message);
  if (actual === type) return;
  const what = actual === 'fifo' ? 'a message with a messageGroup' : 'a message without a messageGroup';
  throw new BrokerError(
    'MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
    `Topic ${quoted(topic)} is of type '${type}' and does not accept ${what}; admin.updateTopic(${quoted(topic)}, { type: 'mixed' }) changes that`,
  );
}
