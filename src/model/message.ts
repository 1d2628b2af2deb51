import type { Topic } from './typed-topic.ts';

/**
 * What a send promises at its receipt. `sync`: on the disk, kept by a power cut. `async`: with the operating system, kept by a
 * `kill -9` and on the disk within about a tenth of a second.
 * @public
 * @since 0.1.0
 */
export type Durability = 'sync' | 'async';

/**
 * A message to send: a topic and exactly one of `body` and `json`. A field that is `undefined` is absent; `null` is refused.
 * `T` is the type of `json`.
 * @public
 * @since 0.1.0
 */
export interface Message<T = unknown, To extends string | Topic = string | Topic<unknown, string, T>> {
  /** A name, 1 to `limits.maxTopicLength` characters of `[%|a-zA-Z0-9_-]`, or what `defineTopic` has made. */
  readonly topic: To;
  /** The content as it is; text is stored as UTF-8. Not empty. The bytes are copied before `send` returns. */
  readonly body?: Uint8Array | string | undefined;
  /** The content as a value that `JSON.stringify` can write; stored as that text. A topic with a schema stores what the schema makes of it. */
  readonly json?: T | undefined;
  /** One word to filter by; not blank, without `|` and control characters. */
  readonly tag?: string | undefined;
  /** Business keys to find the message by; each not blank. */
  readonly keys?: readonly string[] | undefined;
  /** Own enumerable properties are stored; names of RocketMQ's system properties are refused. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** Messages of one group are delivered in the order in which they were sent; at most 63 bytes of UTF-8. */
  readonly messageGroup?: string | undefined;
  /** Chooses the queue by its hash, without an order between messages; not together with `messageGroup`. */
  readonly partitionKey?: string | undefined;
  /**
   * Delivered at this instant of the broker's wall clock, never before; milliseconds since the epoch, at most `limits.maxDelayMs` away. One that has
   * passed delivers at once.
   * @since 0.2.0
   */
  readonly deliverAtMs?: number | undefined;
  /**
   * Delivered after this while, milliseconds, 0 to `limits.maxDelayMs`. Steps of the wall clock do not matter to it while the broker is open; when
   * it is opened again, the wall clock tells how much time has passed. Not together with `deliverAtMs`.
   * @since 0.2.0
   */
  readonly delayMs?: number | undefined;
  /**
   * As `delayMs`, by the number of one of RocketMQ's classic levels, 1 (a second) to 18 (two hours): see `DELAY_LEVELS_MS`.
   * @since 0.2.0
   */
  readonly delayLevel?: number | undefined;
  /**
   * 0 (default) to 9: under a backlog higher ones are delivered first. Only for topics of the type `priority`; not together with `messageGroup`.
   * @since 0.2.0
   */
  readonly priority?: number | undefined;
  /**
   * A group that has not been given the message within this while, milliseconds since it became visible, does not get it, and one whose attempt
   * failed does not get it again afterwards; a dead letter that is redriven is delivered however old it is. Default: the topic's.
   * @since 0.2.0
   */
  readonly ttlMs?: number | undefined;
  /**
   * A message with the key of an earlier one of the topic is not stored within the topic's `dedupWindowMs`, over restarts: its send gets the receipt
   * of the first. What was recalled or rolled back frees its key.
   * Not blank, at most 1,024 bytes of UTF-8.
   * @since 0.2.0
   */
  readonly dedupKey?: string | undefined;
}

/**
 * What is known of a message that was stored.
 * @public
 * @since 0.1.0
 */
export interface SendReceipt {
  /** 34 upper-case hexadecimal digits in RocketMQ's format, unique over restarts. */
  readonly messageId: string;
  /** Where it was stored. */
  readonly topic: string;
  /** The queue of the topic, from 0; -1 while the message waits for its time or its transaction. */
  readonly queueId: number;
  /** Position in the queue; the first is 0; -1 while the message waits for its time or its transaction. */
  readonly queueOffset: number;
  /** What was reached when the receipt was made; a memory store never promises more than `memory`. */
  readonly durability: 'memory' | Durability;
  /**
   * The transaction that the message belongs to.
   * @since 0.2.0
   */
  readonly transactionId?: string | undefined;
  /**
   * What `producer.recall` takes back a delay message by, as long as it is not due.
   * @since 0.2.0
   */
  readonly recallHandle?: string | undefined;
  /**
   * True where the topic had a message with the same `dedupKey` already: the receipt is that one's, and nothing was stored.
   * @since 0.2.0
   */
  readonly duplicate?: boolean | undefined;
}

/**
 * Options of `message.json`.
 * @public
 * @since 0.2.0
 */
export interface JsonOptions {
  /** Whether the schema of the subscribed topic checks the value; default false. */
  readonly validate?: boolean | undefined;
}

/**
 * A message as a consumer sees it. It owns its body: writing into it changes nothing else. `T` is the type of `json()`, `Name` that of `topic`, which
 * tells several typed topics apart.
 * @public
 * @since 0.1.0
 */
export interface MessageView<T = unknown, Name extends string = string> {
  /** As in the receipt of its send; the same in every delivery. */
  readonly messageId: string;
  /** The topic that it was sent to. */
  readonly topic: Name;
  /** The queue of the topic, from 0. */
  readonly queueId: number;
  /** Position in the queue; the first is 0. */
  readonly queueOffset: number;
  /** The content as bytes. */
  readonly body: Uint8Array;
  /** The body read as UTF-8. */
  text(): string;
  /**
   * The body read as JSON text; with `validate` what the schema of the subscribed topic makes of that, so the schema has to accept what it stored.
   * @throws BrokerError `MQ_MESSAGE_CORRUPTED` when it is none; with `validate` also `MQ_MESSAGE_SCHEMA_MISMATCH`, `MQ_NOT_SUPPORTED` for a schema
   * that answers later, TypeError `MQ_ILLEGAL_ARGUMENT` where the consumer did not subscribe to a topic with a schema
   */
  json(options?: JsonOptions): T;
  /** The tag that it was sent with. */
  readonly tag?: string | undefined;
  /** The keys that it was sent with; empty when there are none. */
  readonly keys: readonly string[];
  /** The properties that it was sent with; an object without a prototype. */
  readonly properties: Readonly<Record<string, string>>;
  /** The message group that it was sent with. */
  readonly messageGroup?: string | undefined;
  /**
   * The priority of a message of a topic of the type `priority`, 0 to 9.
   * @since 0.2.0
   */
  readonly priority?: number | undefined;
  /**
   * When a delay message was to be delivered, milliseconds since the epoch.
   * @since 0.2.0
   */
  readonly deliverAtMs?: number | undefined;
  /** When the producer made it, milliseconds since the epoch. */
  readonly bornAtMs: number;
  /** When the broker stored it (a message that waited: when it became visible), milliseconds since the epoch; never falls within a store. */
  readonly storedAtMs: number;
  /** The first delivery to a group is 1. */
  readonly deliveryAttempt: number;
  /** Names this delivery; acknowledging looks at nothing else. */
  readonly receiptHandle: string;
  /** Until when no other consumer of the group gets it, milliseconds since the epoch. */
  readonly invisibleUntilMs: number;
}
