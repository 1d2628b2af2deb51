import type { BrokerError } from './errors.ts';
import type { StartFrom } from './group.ts';
import type { MessageView, SendReceipt } from './message.ts';
import type { PullConsumer, PullConsumerOptions } from './pull-consumer.ts';
import type { SendOptions } from './send-options.ts';
import type { Subscription } from './subscription.ts';
import type { Subscriptions, ViewOf } from './subscriptions.ts';
import type { Transaction, TransactionChecker } from './transaction.ts';
import type { MessageTo } from './typed-message.ts';
import type { Topic } from './typed-topic.ts';

/**
 * What an application asks for wherever the broker is: producers and consumers.
 * @public
 * @since 0.1.0
 */
export interface Messaging {
  /** @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_BROKER_NOT_OPEN`, `MQ_NOT_SUPPORTED`; what the disk said while the broker heals */
  createProducer(options?: ProducerOptions): Producer;
  /**
   * Resolves when the group is subscribed and its start positions are stored; the listener may be called before that.
   * @throws BrokerError `MQ_ILLEGAL_CONSUMER_GROUP`, `MQ_CONSUMER_GROUP_NOT_FOUND`, `MQ_TOPIC_NOT_FOUND`, `MQ_SUBSCRIPTION_CONFLICT`,
   * `MQ_GROUP_KIND_CONFLICT`, `MQ_ILLEGAL_FILTER_EXPRESSION`
   */
  createPushConsumer<Subscribed extends Subscriptions>(options: PushConsumerOptions<Subscribed>): Promise<PushConsumer>;
  /** As `createPushConsumer`, for a consumer that asks for messages itself. */
  createSimpleConsumer<Subscribed extends Subscriptions>(
    options: SimpleConsumerOptions<Subscribed>,
  ): Promise<SimpleConsumer<ViewOf<Subscribed>>>;
  /**
   * As `createPushConsumer`, for a consumer that reads whole queues by their offsets.
   * @since 0.2.0
   */
  createPullConsumer<Subscribed extends Subscriptions>(options: PullConsumerOptions<Subscribed>): Promise<PullConsumer<ViewOf<Subscribed>>>;
  /** Closes every producer and consumer, then the place. A second call waits for the first. */
  close(options?: CloseOptions): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Options of `close`.
 * @public
 * @since 0.1.0
 */
export interface CloseOptions {
  /** How long running listeners may take to end, milliseconds; after it their signals abort and closing goes on. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Options of a producer.
 * @public
 * @since 0.1.0
 */
export interface ProducerOptions {
  /** Topics that must exist (or are created) now rather than at the first send. */
  readonly topics?: readonly (string | Topic)[] | undefined;
  /** How often a send is tried; only retryable errors are tried again, and a retry never doubles a message; default 3, 1 fails fast. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds for a whole call with all its attempts; default 30,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Asked about transactions that nobody has ended, also those of an earlier process. A producer with `topics` is asked about those alone. While no
   * open producer can be asked, a transaction that is not ended waits, however long.
   * @since 0.2.0
   */
  readonly transactionChecker?: TransactionChecker | undefined;
  /** What a send does while the write queue is full: wait (default) or reject with `MQ_BACKPRESSURE`. */
  readonly onFull?: 'wait' | 'reject' | undefined;
}

/**
 * A delay message that was taken back.
 * @public
 * @since 0.2.0
 */
export interface RecallReceipt {
  /** As in the receipt of its send. */
  readonly messageId: string;
}

/**
 * Sends messages; any number of producers may send to a topic.
 * @public
 * @since 0.1.0
 */
export interface Producer {
  /**
   * Resolves when the message is stored with its durability. A topic with a schema has its `json` checked before; one whose schema answers later
   * joins those under way when it has answered, so it may be stored behind a later send.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError of the message's limits, `MQ_MESSAGE_SCHEMA_MISMATCH`, `MQ_TOPIC_NOT_FOUND`,
   * `MQ_REQUEST_TIMEOUT`, `MQ_BACKPRESSURE`, `MQ_ABORTED`, `MQ_DISK_FULL`, `MQ_STORE_WRITE_FAILED`, `MQ_BROKER_NOT_OPEN`
   */
  send<To extends string | Topic>(message: MessageTo<To>, options?: SendOptions): Promise<SendReceipt>;
  /** Stores all messages or none, in their order; topics may differ. Errors as `send`, and `MQ_PAYLOAD_TOO_LARGE`. */
  sendBatch<const To extends readonly (string | Topic)[]>(
    messages: { readonly [K in keyof To]: MessageTo<To[K]> },
    options?: SendOptions,
  ): Promise<SendReceipt[]>;
  /** Sends without a promise; without a callback an error goes to the broker's `error` event. A callback that is no function throws at once. */
  sendOneway<To extends string | Topic>(
    message: MessageTo<To>,
    callback?: (error: BrokerError | undefined, receipt?: SendReceipt) => void,
  ): void;
  /**
   * Begins a transaction; nothing is written before its first message.
   * @throws BrokerError `MQ_BROKER_NOT_OPEN`; what the disk said, such as `MQ_STORE_WRITE_FAILED`, while the broker heals
   * @since 0.2.0
   */
  beginTransaction(): Transaction;
  /**
   * Takes a delay message back that is not due yet; nobody will get it.
   * @param recallHandle - of the receipt, or of `admin.listDelayed`
   * @throws BrokerError `MQ_RECALL_TOO_LATE` when it does not wait any more, `MQ_INVALID_RECALL_HANDLE`, `MQ_TOPIC_NOT_FOUND`
   * @since 0.2.0
   */
  recall(topic: string | Topic, recallHandle: string): Promise<RecallReceipt>;
  /** Waits for sends under way; later ones reject with `MQ_BROKER_NOT_OPEN`. */
  close(): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Options of a simple consumer; the durations and `maxMessages` are the defaults of its `receive`.
 * @public
 * @since 0.1.0
 */
export interface SimpleConsumerOptions<Subscribed extends Subscriptions = Subscriptions> {
  /** The consumer group; created at the first use where the broker allows that. */
  readonly group: string;
  /** The topics, and what is wanted of each. */
  readonly subscriptions: Subscribed;
  /** How long `receive` waits for a first message, milliseconds; default 20,000; 0 does not wait. */
  readonly awaitDurationMs?: number | undefined;
  /** How long a received message is hidden from the rest of the group, 1 ms to `limits.maxInvisibleDurationMs`; default 30,000. */
  readonly invisibleDurationMs?: number | undefined;
  /** Most messages of one `receive`, 1 to `limits.maxReceiveCount`; default 32. */
  readonly maxMessages?: number | undefined;
  /** Where a group without a position starts; wins over the group's own. */
  readonly startFrom?: StartFrom | undefined;
}

/**
 * Options of one `receive`; what is absent comes from the consumer's options.
 * @public
 * @since 0.1.0
 */
export interface ReceiveOptions {
  /** Most messages, 1 to `limits.maxReceiveCount`; more is refused, not clamped. */
  readonly maxMessages?: number | undefined;
  /** How long the messages are hidden, 1 ms to `limits.maxInvisibleDurationMs`. */
  readonly invisibleDurationMs?: number | undefined;
  /** How long to wait for a first message, milliseconds; 0 does not wait. */
  readonly awaitDurationMs?: number | undefined;
  /** Aborted while waiting: `receive` rejects with `MQ_ABORTED`, and no message was taken. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Receives when it asks, and settles each message itself. What it does not settle in time is delivered again.
 * @public
 * @since 0.1.0
 */
export interface SimpleConsumer<View extends MessageView = MessageView> {
  /**
   * Up to `maxMessages` messages, as soon as there is one; an empty array when the waiting time ran out.
   * @throws BrokerError `MQ_ILLEGAL_INVISIBLE_TIME`, `MQ_ILLEGAL_POLLING_TIME`, `MQ_ABORTED`, `MQ_BROKER_NOT_OPEN`
   */
  receive(options?: ReceiveOptions): Promise<View[]>;
  /**
   * Settles one message or many; only `receiptHandle` is looked at. Kept by a `kill -9` when it resolves. Where one of many is refused because its
   * time ran out, the others are settled all the same; `details` of the error tell which one it is.
   * @throws BrokerError `MQ_INVALID_RECEIPT_HANDLE`, `MQ_RECEIPT_HANDLE_EXPIRED`
   */
  ack(message: MessageView | readonly MessageView[]): Promise<void>;
  /** Hides a message for another `invisibleDurationMs` from now; 0 gives it back now. The view that it resolves to has the new handle. */
  changeInvisibleDuration<Changed extends MessageView>(message: Changed, invisibleDurationMs: number): Promise<Changed>;
  /** Moves a message to the group's dead letters now, whatever attempts it has left. */
  forwardToDeadLetter(message: MessageView, reason?: string): Promise<void>;
  /**
   * Adds a topic by its name, or changes what is wanted of it; the type of `receive` stays that of the options.
   * @throws BrokerError `MQ_TOPIC_NOT_FOUND`, `MQ_SUBSCRIPTION_CONFLICT`, `MQ_ILLEGAL_FILTER_EXPRESSION`
   */
  subscribe(topic: string, subscription: Subscription): Promise<void>;
  /** Receives no more from a topic; the group keeps its position there. */
  unsubscribe(topic: string): Promise<void>;
  /** One message at a time, for ever; never acknowledges. Leaving the loop gives back what was not yielded. */
  [Symbol.asyncIterator](): AsyncIterator<View>;
  /** Gives back what it still holds and lets pending `receive` calls reject with `MQ_BROKER_NOT_OPEN`. */
  close(): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * What a listener gets beside the message.
 * @public
 * @since 0.1.0
 */
export interface ListenerContext {
  /** Aborts when the consume timeout is over or a closing consumer's deadline has passed: the attempt counts as failed. */
  readonly signal: AbortSignal;
}

/**
 * What a listener may answer; nothing is `'success'`.
 * @public
 * @since 0.1.0
 */
export type ListenerResult = undefined | 'success' | 'failure';

/**
 * Handles one message: to return or resolve settles it, to throw, reject or answer `'failure'` has it delivered again by the group's retry policy.
 * @public
 * @since 0.1.0
 */
export type MessageListener<View extends MessageView = MessageView> = (
  message: View,
  context: ListenerContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a listener without a return statement is the usual one.
) => void | ListenerResult | Promise<void | ListenerResult>;

/**
 * Options of a push consumer.
 * @public
 * @since 0.1.0
 */
export interface PushConsumerOptions<Subscribed extends Subscriptions = Subscriptions> {
  /** The consumer group; created at the first use where the broker allows that. */
  readonly group: string;
  /** The topics, and what is wanted of each. */
  readonly subscriptions: Subscribed;
  /** Called for each message. */
  readonly listener: MessageListener<ViewOf<Subscribed>>;
  /** Most listener calls at a time; default 20. */
  readonly concurrency?: number | undefined;
  /** How long one listener call may take before it counts as failed, milliseconds; default 900,000 (15 minutes). */
  readonly consumeTimeoutMs?: number | undefined;
  /** Most messages that are read ahead; default 4,096. */
  readonly maxCachedMessages?: number | undefined;
  /** Most bytes that are read ahead; default 64 MiB. */
  readonly maxCachedBytes?: number | undefined;
  /**
   * Where a group without a position starts; wins over the group's own. A broadcast consumer starts there each time it opens; its default is
   * `latest`, whatever the group's is.
   */
  readonly startFrom?: StartFrom | undefined;
  /**
   * `cluster` (default): a message goes to one consumer of the group. `broadcast`: it goes to each of them; what a consumer has got is kept in
   * memory for as long as it is open, and a message that fails is repeated in that consumer by the group's retry policy, then dropped with the
   * event `dropped`. All consumers of a group are of one mode, as of its first use.
   * @since 0.2.0
   */
  readonly mode?: 'cluster' | 'broadcast' | undefined;
}

/**
 * Calls a listener for each message; keeps the process alive while it is open and not paused.
 * @public
 * @since 0.1.0
 */
export interface PushConsumer {
  /** No further listener calls; those under way go on. */
  pause(): void;
  /** Goes on after `pause`. */
  resume(): void;
  /** Waits for the listener calls under way, at most until the deadline; always settles. */
  close(options?: CloseOptions): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}
