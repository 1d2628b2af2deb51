import type { Durability, MessageView } from './message.ts';

/**
 * Life of a broker: `open` serves, `failed` had a write rejected, `healing` opens its stores again, `closing` drains, `closed` is the end.
 * @public
 * @since 0.1.0
 */
export type BrokerState = 'open' | 'failed' | 'healing' | 'closing' | 'closed';

/**
 * Damage to a store that was found: what was lost, as far as it is known.
 * @public
 * @since 0.1.0
 */
export interface Damage {
  /**
   * `powerLoss`: the end of what was written `async` is missing. `corruptBlock`, `corruptIndex`: a value fails its checksum.
   * `missingBlocks`: a gap. `markerLost`: the marker file was missing or unreadable. `openingNote`: the database said that it dropped data.
   */
  readonly kind: 'powerLoss' | 'corruptBlock' | 'missingBlocks' | 'corruptIndex' | 'markerLost' | 'openingNote';
  /** The store that is damaged. */
  readonly store: 'log' | 'index';
  /** What was found, for people. */
  readonly detail: string;
  /** Blocks that are missing, where that is known. */
  readonly lostBlocks?: number;
  /** Messages that are missing, where that is known. */
  readonly lostMessages?: number;
  /** Number of the block in the log. */
  readonly position?: number;
}

/**
 * A message was stored with the durability that its send asked for.
 * @public
 * @since 0.1.0
 */
export interface SentEvent {
  /** Where it was stored. */
  readonly topic: string;
  /** As in the receipt. */
  readonly messageId: string;
  /** The queue of the topic, from 0. */
  readonly queueId: number;
  /** Position in the queue; the first is 0. */
  readonly queueOffset: number;
  /** As in the receipt. */
  readonly durability: 'memory' | Durability;
}

/**
 * A message was handed to a consumer of a group, or was acknowledged by it.
 * @public
 * @since 0.1.0
 */
export interface DeliveryEvent {
  /** The consumer group. */
  readonly group: string;
  /** The topic of the message. */
  readonly topic: string;
  /** The id of the message. */
  readonly messageId: string;
  /** The queue of the topic, from 0. */
  readonly queueId: number;
  /** Position in the queue; the first is 0. */
  readonly queueOffset: number;
  /** The first delivery is 1. */
  readonly attempt: number;
}

/**
 * A push listener threw, returned `'failure'`, or took longer than its consume timeout.
 * @public
 * @since 0.1.0
 */
export interface FailedEvent {
  /** The consumer group. */
  readonly group: string;
  /** The message that the listener had. */
  readonly message: MessageView;
  /** The attempt that failed; the first is 1. */
  readonly attempt: number;
  /** What the listener threw, or an error that says what else went wrong. */
  readonly error: unknown;
  /** When it is delivered again, milliseconds since the epoch; `undefined` when this was the last attempt. */
  readonly nextAttemptAtMs: number | undefined;
}

/**
 * A message went to its group's dead letters.
 * @public
 * @since 0.1.0
 */
export interface DeadLetteredEvent {
  /** The consumer group. */
  readonly group: string;
  /** The topic of the message. */
  readonly topic: string;
  /** The id of the message. */
  readonly messageId: string;
  /** How often it was delivered. */
  readonly attempts: number;
  /** Why the group gave up, for people. */
  readonly reason: string;
}

/**
 * A broadcast consumer gave up on a message after its last attempt; other consumers of its group have nothing to do with it.
 * @public
 * @since 0.2.0
 */
export interface DroppedEvent {
  /** The consumer group. */
  readonly group: string;
  /** The topic of the message. */
  readonly topic: string;
  /** The id of the message. */
  readonly messageId: string;
  /** How often it was delivered to this consumer. */
  readonly attempts: number;
}

/**
 * A message was not delivered to a group, because its time to live was over when its turn came.
 * @public
 * @since 0.2.0
 */
export interface ExpiredEvent {
  /** The consumer group. */
  readonly group: string;
  /** The topic of the message. */
  readonly topic: string;
  /** The id of the message. */
  readonly messageId: string;
  /** The queue of the topic, from 0. */
  readonly queueId: number;
  /** Position in the queue; the first is 0. */
  readonly queueOffset: number;
}

/**
 * A delay message was taken back before it was due.
 * @public
 * @since 0.2.0
 */
export interface RecalledEvent {
  /** The topic of the message. */
  readonly topic: string;
  /** The id of the message. */
  readonly messageId: string;
  /** When it would have been due, milliseconds since the epoch. */
  readonly deliverAtMs: number;
}

/**
 * Nobody could tell what became of a transaction; a person decides by `admin.resolveTransaction`.
 * @public
 * @since 0.2.0
 */
export interface TransactionParkedEvent {
  /** Its id. */
  readonly transactionId: string;
  /** The topics of its messages. */
  readonly topics: readonly string[];
  /** How often a producer was asked. */
  readonly checks: number;
}

/**
 * A group holds `limits.maxUnsettledPerGroup` messages of a topic in flight or waiting; until some are settled it gets redeliveries only.
 * @public
 * @since 0.1.0
 */
export interface UnsettledLimitEvent {
  /** The consumer group. */
  readonly group: string;
  /** The topic. */
  readonly topic: string;
  /** Messages in flight or waiting. */
  readonly unsettled: number;
}

/**
 * A topic was created.
 * @public
 * @since 0.1.0
 */
export interface TopicCreatedEvent {
  /** Its name. */
  readonly topic: string;
}

/**
 * A consumer group was created.
 * @public
 * @since 0.1.0
 */
export interface GroupCreatedEvent {
  /** Its name. */
  readonly group: string;
}

/**
 * The broker went from one state to another.
 * @public
 * @since 0.1.0
 */
export interface StateEvent {
  /** The state before. */
  readonly from: BrokerState;
  /** The state now. */
  readonly to: BrokerState;
}

/**
 * What `broker.events` tells, each after it was committed. A payload is built only when somebody listens.
 * @public
 * @since 0.1.0
 */
export interface BrokerEvents {
  /** A message was stored. */
  sent: (event: SentEvent) => void;
  /** A message was handed to a consumer. */
  delivered: (event: DeliveryEvent) => void;
  /** A message was settled. */
  acked: (event: DeliveryEvent) => void;
  /** A push listener failed. */
  failed: (event: FailedEvent) => void;
  /** A message went to the dead letters. */
  deadLettered: (event: DeadLetteredEvent) => void;
  /**
   * A broadcast consumer gave up on a message.
   * @since 0.2.0
   */
  dropped: (event: DroppedEvent) => void;
  /**
   * A message's time to live was over.
   * @since 0.2.0
   */
  expired: (event: ExpiredEvent) => void;
  /**
   * A delay message was taken back.
   * @since 0.2.0
   */
  recalled: (event: RecalledEvent) => void;
  /**
   * A transaction was parked after its last check.
   * @since 0.2.0
   */
  transactionParked: (event: TransactionParkedEvent) => void;
  /** A group is at its limit. */
  unsettledLimit: (event: UnsettledLimitEvent) => void;
  /** A topic was created, by an admin or by itself. */
  topicCreated: (event: TopicCreatedEvent) => void;
  /** A consumer group was created, by an admin or by itself. */
  groupCreated: (event: GroupCreatedEvent) => void;
  /** Damage found while opening is told to the first listener, also when it comes later. */
  damage: (damage: Damage) => void;
  /** The broker changed its state. */
  state: (event: StateEvent) => void;
  /** What failed with nobody to reject to, such as a one-way send without a callback. */
  error: (error: Error) => void;
}
