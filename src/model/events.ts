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
  readonly store: 'log' | 'index';
  readonly detail: string;
  readonly lostBlocks?: number;
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
  readonly topic: string;
  readonly messageId: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly durability: 'memory' | Durability;
}

/**
 * A message was handed to a consumer of a group, or was acknowledged by it.
 * @public
 * @since 0.1.0
 */
export interface DeliveryEvent {
  readonly group: string;
  readonly topic: string;
  readonly messageId: string;
  readonly queueId: number;
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
  readonly group: string;
  readonly message: MessageView;
  readonly attempt: number;
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
  readonly group: string;
  readonly topic: string;
  readonly messageId: string;
  readonly attempts: number;
  readonly reason: string;
}

/**
 * A group holds `limits.maxUnsettledPerGroup` messages of a topic in flight or waiting; until some are settled it gets redeliveries only.
 * @public
 * @since 0.1.0
 */
export interface UnsettledLimitEvent {
  readonly group: string;
  readonly topic: string;
  readonly unsettled: number;
}

/**
 * The broker went from one state to another.
 * @public
 * @since 0.1.0
 */
export interface StateEvent {
  readonly from: BrokerState;
  readonly to: BrokerState;
}

/**
 * What `broker.events` tells, each after it was committed. A payload is built only when somebody listens.
 * @public
 * @since 0.1.0
 */
export interface BrokerEvents {
  sent: (event: SentEvent) => void;
  delivered: (event: DeliveryEvent) => void;
  acked: (event: DeliveryEvent) => void;
  failed: (event: FailedEvent) => void;
  deadLettered: (event: DeadLetteredEvent) => void;
  unsettledLimit: (event: UnsettledLimitEvent) => void;
  topicCreated: (event: { readonly topic: string }) => void;
  groupCreated: (event: { readonly group: string }) => void;
  /** Damage found while opening is told to the first listener, also when it comes later. */
  damage: (damage: Damage) => void;
  state: (event: StateEvent) => void;
  /** What failed with nobody to reject to, such as a one-way send without a callback. */
  error: (error: Error) => void;
}
