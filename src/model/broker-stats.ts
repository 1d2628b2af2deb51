import type { BrokerState } from './events.ts';

/**
 * Counters and gauges of a broker; counters start at 0 when it opens.
 * @public
 * @since 0.1.0
 */
export interface BrokerStats {
  /** What the broker does now. */
  readonly state: BrokerState;
  /** Where it keeps its stores. */
  readonly storage: 'disk' | 'memory';
  /** Milliseconds since the epoch. */
  readonly openedAtMs: number;
  /** Topics that exist. */
  readonly topics: number;
  /** Consumer groups that exist. */
  readonly groups: number;
  /** Open producers. */
  readonly producers: number;
  /** Open push, simple and pull consumers. */
  readonly consumers: number;
  /** Messages stored. */
  readonly sent: number;
  /** Deliveries, repeated ones included. */
  readonly delivered: number;
  /** Messages acknowledged, successes of push listeners included. */
  readonly acked: number;
  /** Failed attempts of push listeners. */
  readonly failed: number;
  /** Messages moved to dead letters. */
  readonly deadLettered: number;
  /**
   * Messages that broadcast consumers gave up on.
   * @since 0.2.0
   */
  readonly dropped: number;
  /**
   * Messages that a group did not get, because their time to live was over.
   * @since 0.2.0
   */
  readonly expired: number;
  /**
   * Delay messages that were taken back.
   * @since 0.2.0
   */
  readonly recalled: number;
  /** Leases that ran out before the message was settled. */
  readonly expiredLeases: number;
  /** Messages in flight or waiting for a retry now, over all groups in memory. */
  readonly unsettled: number;
  /**
   * Delay messages that wait for their time now.
   * @since 0.2.0
   */
  readonly delayed: number;
  /**
   * Transactions that are not ended, parked ones included.
   * @since 0.2.0
   */
  readonly transactions: number;
  /**
   * Sends that were answered as duplicates of an earlier message with their `dedupKey`.
   * @since 0.2.0
   */
  readonly duplicates: number;
  /**
   * Dedup keys in memory now, each about 30 bytes; those whose windows are over leave within minutes. 0 until the first send that has one.
   * @since 0.2.0
   */
  readonly dedupKeys: number;
  /** Bytes of blocks appended to the commit log. */
  readonly logBytes: number;
  /** Blocks appended to the commit log. */
  readonly logBlocks: number;
  /** Writes to the commit log; each holds what came together. */
  readonly groupCommits: number;
  /** Barriers that made the log durable. */
  readonly barriers: number;
  /** Bytes that wait to be written now. */
  readonly queuedBytes: number;
  /** Bytes of the cache of recent blocks now. */
  readonly cacheBytes: number;
  /** Times that the broker healed after a rejected write. */
  readonly heals: number;
  /** Milliseconds since the epoch; `undefined` before the first checkpoint. */
  readonly lastCheckpointAtMs: number | undefined;
}
