import type { StartFrom } from './group.ts';
import type { MessageView } from './message.ts';
import type { Subscriptions } from './subscriptions.ts';

/**
 * A queue of a topic.
 * @public
 * @since 0.2.0
 */
export interface MessageQueue {
  /** The name of the topic. */
  readonly topic: string;
  /** From 0. */
  readonly queueId: number;
  /** In a topic of the type `priority`, whose queues have offsets of their own for each priority, 0 to 9; absent in others. */
  readonly priority?: number | undefined;
}

/**
 * Where `seek` goes: an offset of the queue (its end at most), its beginning, its end, or the first message that was stored at an instant or later,
 * milliseconds since the epoch.
 * @public
 * @since 0.2.0
 */
export type SeekTarget = number | StartFrom;

/**
 * Options of a pull consumer.
 * @public
 * @since 0.2.0
 */
export interface PullConsumerOptions<Subscribed extends Subscriptions = Subscriptions> {
  /** The consumer group; created at the first use where the broker allows that, and for pull consumers alone from then on. */
  readonly group: string;
  /** The topics, and what is wanted of each. */
  readonly subscriptions: Subscribed;
  /** Where a group without a position starts; wins over the group's own. */
  readonly startFrom?: StartFrom | undefined;
}

/**
 * Options of one `poll`.
 * @public
 * @since 0.2.0
 */
export interface PollOptions {
  /** Most messages, 1 to `limits.maxReceiveCount`; default 32. */
  readonly maxMessages?: number | undefined;
  /** How long to wait for a first message, milliseconds; default 20,000; 0 does not wait. */
  readonly awaitDurationMs?: number | undefined;
  /** Aborted while waiting: `poll` rejects with `MQ_ABORTED`, and the positions stay where they are. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads whole queues by their offsets. Each queue of the group's topics is read by one of its open consumers: rebalancing shares the queues out
 * whenever a consumer comes or goes, or a consumer chooses its own with `assign`. The position in a queue is in memory until `commit` stores it;
 * what was not committed comes again in the consumer that the queue goes to next, and after a restart. There are no acknowledgements, attempts or dead
 * letters: a view has the attempt 1 and an empty receipt handle.
 *
 * @example
 * ```ts
 * const consumer = await broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } });
 * for (const message of await consumer.poll({ maxMessages: 1000 })) archive.write(message.body);
 * await consumer.commit();
 * ```
 * @public
 * @since 0.2.0
 */
export interface PullConsumer<View extends MessageView = MessageView> {
  /** The queues that it reads now; empty while others of the group have them all. */
  assignment(): readonly MessageQueue[];
  /**
   * Reads these queues and no others from now on, also when their topic is deleted and created again; rebalancing leaves them alone until the consumer
   * closes. A queue that another consumer had by rebalancing changes hands at once.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT` for a queue that its topic does not have or a topic that is not subscribed; BrokerError `MQ_TOPIC_NOT_FOUND`,
   * `MQ_QUEUE_IN_USE` when another consumer has chosen a queue, `MQ_BROKER_NOT_OPEN`. Then nothing has changed
   */
  assign(queues: readonly MessageQueue[]): void;
  /**
   * Up to `maxMessages` messages from the positions on, as soon as there is one, in the order of each queue; an empty array when the waiting time ran
   * out. The positions are behind them then. Calls that overlap are answered one after the other.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_ILLEGAL_POLLING_TIME`, `MQ_ABORTED`, `MQ_BROKER_NOT_OPEN`
   */
  poll(options?: PollOptions): Promise<View[]>;
  /**
   * The next `poll` reads a queue from there on; stored by the next `commit`.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_ILLEGAL_OFFSET`, `MQ_QUEUE_NOT_ASSIGNED`, `MQ_BROKER_NOT_OPEN`
   */
  seek(queue: MessageQueue, to: SeekTarget): Promise<void>;
  /**
   * The offset that comes next in a queue; messages that a `poll` under way will bring lie before it only when it has resolved.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_QUEUE_NOT_ASSIGNED`, `MQ_BROKER_NOT_OPEN`
   */
  position(queue: MessageQueue): Promise<number>;
  /**
   * Stores the positions of all its queues, together; kept by a `kill -9` when it resolves. The position of a queue that `admin.resetOffset` moves
   * meanwhile is that of the reset.
   * @throws BrokerError `MQ_STORE_WRITE_FAILED`, `MQ_DISK_FULL`, `MQ_BROKER_NOT_OPEN`
   */
  commit(): Promise<void>;
  /** Lets pending `poll` calls reject with `MQ_BROKER_NOT_OPEN` and leaves its queues to others. Commits nothing. */
  close(): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}
