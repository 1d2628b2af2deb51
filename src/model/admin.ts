import type { BrokerStats } from './broker-stats.ts';
import type { GroupInfo, GroupOptions, StartFrom } from './group.ts';
import type { MessageView } from './message.ts';
import type { TopicInfo, TopicOptions } from './topic.ts';

/**
 * Which page of a list is wanted.
 * @public
 * @since 0.1.0
 */
export interface PageRequest {
  /** Most items of the page, 1 to 1,000; default 100. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before; absent for the first. */
  readonly cursor?: string | undefined;
}

/**
 * One page of a list.
 * @public
 * @since 0.1.0
 */
export interface Page<T> {
  /** In the order of their names, or of their ids. */
  readonly items: readonly T[];
  /** Present when there is more. */
  readonly nextCursor?: string | undefined;
}

/**
 * How far a group has come in one queue.
 * @public
 * @since 0.1.0
 */
export interface GroupProgress {
  /** The topic. */
  readonly topic: string;
  /** The queue of the topic, from 0. */
  readonly queueId: number;
  /**
   * In a priority topic each queue has offsets of its own for each priority; else `undefined`.
   * @since 0.2.0
   */
  readonly priority?: number | undefined;
  /** Everything below this offset is settled. */
  readonly floor: number;
  /** The next offset that has not been looked at. */
  readonly frontier: number;
  /** Messages that are not settled, those that a filter will pass over included. */
  readonly lag: number;
  /** Delivered and not settled. */
  readonly inflight: number;
  /** Waiting for their next attempt. */
  readonly delayedRetries: number;
  /** When the oldest message that is not settled was stored, milliseconds since the epoch. */
  readonly oldestUnackedAtMs?: number | undefined;
}

/**
 * Where to move a group.
 * @public
 * @since 0.1.0
 */
export interface ResetOffsetRequest {
  /** The topic in which the group moves. */
  readonly topic: string;
  /** One queue; absent for all. An `offset` needs it. */
  readonly queueId?: number | undefined;
  /**
   * One priority of a priority topic; absent for all. An `offset` in such a topic needs it.
   * @since 0.2.0
   */
  readonly priority?: number | undefined;
  /** The new position. */
  readonly to:
    | StartFrom
    | {
        /** Offset of the next message; needs `queueId`. */
        readonly offset: number;
      };
  /** Only tell what would happen. */
  readonly dryRun?: boolean | undefined;
}

/**
 * What a reset did, or would do, to one queue.
 * @public
 * @since 0.1.0
 */
export interface OffsetReset {
  /** The topic. */
  readonly topic: string;
  /** The queue of the topic, from 0. */
  readonly queueId: number;
  /**
   * Only in a priority topic.
   * @since 0.2.0
   */
  readonly priority?: number | undefined;
  /** The floor before. */
  readonly from: number;
  /** The floor and frontier after. */
  readonly to: number;
}

/**
 * A message that a group gave up on. It is kept until it is redriven or purged.
 * @public
 * @since 0.1.0
 */
export interface DeadLetter {
  /** The message; its receipt handle cannot be acknowledged. */
  readonly message: MessageView;
  /** Its id, the same as before. */
  readonly messageId: string;
  /** The group that gave up. */
  readonly group: string;
  /** The topic that it was sent to. */
  readonly originTopic: string;
  /** Its queue there. */
  readonly originQueueId: number;
  /** Its offset there. */
  readonly originQueueOffset: number;
  /** How often it was delivered. */
  readonly attempts: number;
  /** Why the group gave up, for people. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly deadLetteredAtMs: number;
}

/**
 * A delay message that waits for its time.
 * @public
 * @since 0.2.0
 */
export interface DelayedMessage {
  /** The message; its receipt handle cannot be acknowledged, and its queue and offset are -1 as long as it waits. */
  readonly message: MessageView;
  /** Its id. */
  readonly messageId: string;
  /** The topic that it was sent to. */
  readonly topic: string;
  /** When it is due, milliseconds since the epoch. */
  readonly deliverAtMs: number;
  /** What `producer.recall` takes it back by. */
  readonly recallHandle: string;
}

/**
 * Which transactions are wanted.
 * @public
 * @since 0.2.0
 */
export interface ListTransactionsRequest {
  /** `pending`: producers are asked about it; `parked`: nobody could tell, and a person decides. Absent: both. */
  readonly state?: 'pending' | 'parked' | undefined;
}

/**
 * A transaction that is not ended.
 * @public
 * @since 0.2.0
 */
export interface TransactionInfo {
  /** Its id. */
  readonly transactionId: string;
  /** `pending`, or `parked` after the last check. */
  readonly state: 'pending' | 'parked';
  /** How often a producer was asked. */
  readonly checks: number;
  /** When its first message was sent, milliseconds since the epoch. */
  readonly beganAtMs: number;
  /** Its messages, in the order of their sends, without those that damage has taken; none of them can be acknowledged. */
  readonly messages: readonly MessageView[];
}

/**
 * Which dead letters to deliver again, and where.
 * @public
 * @since 0.1.0
 */
export interface RedriveRequest {
  /** Absent: all of the group. */
  readonly messageIds?: readonly string[] | undefined;
  /** A topic to send them to, for all its groups. Absent: to this group alone, with their ids, from attempt 1, however old they are. */
  readonly to?: string | undefined;
}

/**
 * What a redrive did.
 * @public
 * @since 0.1.0
 */
export interface RedriveResult {
  /** Messages that left the dead letters. */
  readonly redriven: number;
  /**
   * Dead letters that were left where they are, because their bytes in the store are damaged; absent where there are none.
   * @since 0.2.0
   */
  readonly damaged?: number | undefined;
}

/**
 * What a purge did.
 * @public
 * @since 0.1.0
 */
export interface PurgeResult {
  /** Messages that left the dead letters. */
  readonly purged: number;
}

/**
 * Topics, consumer groups, progress, dead letters and counters.
 * @public
 * @since 0.1.0
 */
export interface Admin {
  /** @throws BrokerError `MQ_TOPIC_EXISTS` when it exists with other options, `MQ_ILLEGAL_TOPIC`, `MQ_TOO_MANY_REQUESTS` */
  createTopic(name: string, options?: TopicOptions): Promise<TopicInfo>;
  /** Changes what is given; queues can only be added. @throws BrokerError `MQ_TOPIC_NOT_FOUND` */
  updateTopic(name: string, options: TopicOptions): Promise<TopicInfo>;
  /**
   * With all its messages, also delay messages that wait; dead letters stay. A transaction that has messages for it can only be rolled back.
   * @throws BrokerError `MQ_TOPIC_NOT_FOUND`
   */
  deleteTopic(name: string): Promise<void>;
  /** `undefined` for a topic that does not exist. */
  getTopic(name: string): Promise<TopicInfo | undefined>;
  /** All topics, by name. */
  listTopics(page?: PageRequest): Promise<Page<TopicInfo>>;
  /** @throws BrokerError `MQ_GROUP_EXISTS` when it exists with other options, `MQ_ILLEGAL_CONSUMER_GROUP` */
  createGroup(name: string, options?: GroupOptions): Promise<GroupInfo>;
  /** Changes what is given. @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND` */
  updateGroup(name: string, options: GroupOptions): Promise<GroupInfo>;
  /** Also purges its dead letters. @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND` */
  deleteGroup(name: string): Promise<void>;
  /** `undefined` for a group that does not exist. */
  getGroup(name: string): Promise<GroupInfo | undefined>;
  /** All consumer groups, by name. */
  listGroups(page?: PageRequest): Promise<Page<GroupInfo>>;
  /**
   * One row for each queue, in a priority topic for each priority of it. Broadcast consumers have positions of their own: their group has rows while some are open, with the lowest floor and
   * frontier and the largest lag of them, and what is in flight or waits for a retry in all of them together.
   * @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND`
   */
  getGroupProgress(group: string): Promise<GroupProgress[]>;
  /**
   * Moves a group; all leases, waits, locks and attempts in the range are revoked.
   * @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND`, `MQ_TOPIC_NOT_FOUND`, `MQ_ILLEGAL_OFFSET`, `MQ_GROUP_KIND_CONFLICT` for a group of
   * broadcast consumers
   */
  resetOffset(group: string, request: ResetOffsetRequest): Promise<OffsetReset[]>;
  /**
   * What a group gave up on, oldest first. A dead letter whose block is damaged is left out, and reported as `damage`.
   * @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND`
   */
  listDeadLetters(group: string, page?: PageRequest): Promise<Page<DeadLetter>>;
  /**
   * A dead letter whose block is damaged stays where it is, and is reported as `damage`; `purgeDeadLetters` removes it.
   * @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND`; once the others are redriven, `MQ_MESSAGE_NOT_FOUND` for an id that is no dead letter of the
   * group, or `MQ_STORE_CORRUPT` where it may be one whose block is damaged, and without `to` `MQ_TOPIC_NOT_FOUND` for those of a deleted topic; with it
   * `MQ_TOPIC_NOT_FOUND` where that topic is deleted meanwhile, and what had not been sent there stays
   */
  redriveDeadLetters(group: string, request?: RedriveRequest): Promise<RedriveResult>;
  /** @throws BrokerError `MQ_CONSUMER_GROUP_NOT_FOUND` */
  purgeDeadLetters(group: string): Promise<PurgeResult>;
  /**
   * Delay messages of a topic that wait, by their time; how many there are tells `getTopic`. One whose block is damaged is left out, and reported as
   * `damage`.
   * @throws BrokerError `MQ_TOPIC_NOT_FOUND`
   * @since 0.2.0
   */
  listDelayed(topic: string, page?: PageRequest): Promise<Page<DelayedMessage>>;
  /**
   * Transactions that are not ended, by their ids.
   * @since 0.2.0
   */
  listTransactions(request?: ListTransactionsRequest, page?: PageRequest): Promise<Page<TransactionInfo>>;
  /**
   * Ends a transaction in its producer's place.
   * @throws BrokerError `MQ_INVALID_TRANSACTION_ID`, `MQ_TRANSACTION_ENDED`, `MQ_TOPIC_NOT_FOUND`
   * @since 0.2.0
   */
  resolveTransaction(transactionId: string, outcome: 'commit' | 'rollback'): Promise<void>;
  /** Counters and gauges now. */
  stats(): Promise<BrokerStats>;
}
