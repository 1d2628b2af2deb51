import type { EventEmitter } from 'eventemitter3';
import { type BrokerOptions, type ResolvedBrokerOptions, resolveBrokerOptions } from './broker-options.ts';
import { BrokerParts, notOpen } from './broker-parts.ts';
import { LocalApplicationStore } from './client/application-store.ts';
import { runAtomic } from './client/atomic.ts';
import { LocalProducer } from './client/producer.ts';
import { LocalPullConsumer } from './client/pull-consumer.ts';
import { LocalPushConsumer } from './client/push-consumer.ts';
import { LocalSimpleConsumer } from './client/simple-consumer.ts';
import type { CheckedProducer } from './maintenance/transaction-check.ts';
import { ABANDON } from './model/abandon.ts';
import type { Admin } from './model/admin.ts';
import type { ApplicationStore } from './model/application-store.ts';
import type { AtomicOptions, AtomicUnit } from './model/atomic-unit.ts';
import type { Clock, Timer } from './model/clock.ts';
import { notSupported } from './model/errors.ts';
import type { BrokerEvents } from './model/events.ts';
import type {
  CloseOptions,
  Messaging,
  Producer,
  ProducerOptions,
  PushConsumer,
  PushConsumerOptions,
  SimpleConsumer,
  SimpleConsumerOptions,
} from './model/messaging.ts';
import { requireInteger } from './model/option-checks.ts';
import type { PullConsumer, PullConsumerOptions } from './model/pull-consumer.ts';
import type { Subscriptions, ViewOf } from './model/subscriptions.ts';
import { topicNameOf } from './model/typed-topic.ts';

const DEFAULT_CLOSE_DEADLINE_MS = 30_000;
const GIVE_BACK_MS = 500;

/**
 * A message broker inside this process: Apache RocketMQ's model over two LevelDB stores in one directory.
 * A broker that exists is open; closing it closes its producers and consumers.
 *
 * @example
 * ```ts
 * const broker = await Broker.open({ location: './data' });
 * await broker.createProducer().send({ topic: 'greetings', body: 'hello' });
 * await broker.close();
 * ```
 * @public
 * @since 0.1.0
 */
export class Broker implements Messaging {
  /** Topics, groups, progress, dead letters and figures. */
  readonly admin: Admin;
  /** What happened, each after it was committed. */
  readonly events: EventEmitter<BrokerEvents>;
  /**
   * The application's own keys and values, written through `atomic`.
   * @since 0.2.0
   */
  readonly store: ApplicationStore;
  readonly #options: ResolvedBrokerOptions;
  readonly #parts: BrokerParts;
  readonly #clients: Set<{ close(options?: CloseOptions): Promise<void> }>;
  /** Consumers that are being opened; a close waits for them. */
  readonly #openings = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  private constructor(options: ResolvedBrokerOptions, parts: BrokerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#clients = parts.clients;
    this.admin = parts.admin;
    this.events = parts.events;
    this.store = new LocalApplicationStore(parts.delivery);
  }

  /**
   * Opens a broker, recovering whatever an unclean end left. It serves when this resolves.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_STORE_LOCKED`, `MQ_STORE_DAMAGED`, `MQ_STORE_CORRUPT`, `MQ_STORE_FORMAT_UNSUPPORTED`,
   * `MQ_DISK_FULL`, `MQ_STORE_WRITE_FAILED`
   */
  static async open(options: BrokerOptions): Promise<Broker> {
    const resolved = resolveBrokerOptions(options);
    return new Broker(resolved, await BrokerParts.open(resolved));
  }

  /** Something to send with; cheap, may be many. @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_BROKER_NOT_OPEN`, `MQ_NOT_SUPPORTED` */
  createProducer(options: ProducerOptions = {}): Producer {
    const { delivery } = this.#parts;
    this.#assertNotClosing();
    const onClose = (closed: LocalProducer): void => {
      this.#clients.delete(closed);
      if (checked !== undefined) this.#parts.transactionChecks.unregister(checked);
    };
    const producer = new LocalProducer(delivery, options, { durability: this.#options.durability, onClose });
    this.#clients.add(producer);
    const checked = checkedProducer(options);
    if (checked !== undefined) this.#parts.transactionChecks.register(checked);
    return producer;
  }

  /** A consumer whose listener is called with each message. Resolves when the group's start positions are durable. */
  async createPushConsumer<Subscribed extends Subscriptions>(options: PushConsumerOptions<Subscribed>): Promise<PushConsumer> {
    const { delivery } = this.#parts;
    this.#assertNotClosing();
    return await this.#opened(LocalPushConsumer.open(delivery, untyped(options), (closed) => this.#clients.delete(closed)));
  }

  /** A consumer that asks for messages itself. Resolves when the group's start positions are durable. */
  async createSimpleConsumer<Subscribed extends Subscriptions>(
    options: SimpleConsumerOptions<Subscribed>,
  ): Promise<SimpleConsumer<ViewOf<Subscribed>>> {
    const { delivery } = this.#parts;
    this.#assertNotClosing();
    const consumer = await this.#opened(LocalSimpleConsumer.open(delivery, options, (closed) => this.#clients.delete(closed)));
    return consumer as SimpleConsumer as SimpleConsumer<ViewOf<Subscribed>>;
  }

  /**
   * A consumer that reads whole queues by their offsets. Resolves when the group's start positions are durable.
   * @since 0.2.0
   */
  async createPullConsumer<Subscribed extends Subscriptions>(
    options: PullConsumerOptions<Subscribed>,
  ): Promise<PullConsumer<ViewOf<Subscribed>>> {
    const { delivery } = this.#parts;
    this.#assertNotClosing();
    const consumer = await this.#opened(LocalPullConsumer.open(delivery, options, (closed) => this.#clients.delete(closed)));
    return consumer as PullConsumer as PullConsumer<ViewOf<Subscribed>>;
  }

  /**
   * Acknowledges, sends and writes values of the application as one: all of it is stored or nothing, over any crash. Resolves with what the work
   * returned when the unit has reached its durability; when the work throws, nothing happens and the error is passed on.
   *
   * @example
   * ```ts
   * await broker.atomic((unit) => {
   *   unit.ack(order);
   *   unit.put(`invoice/${order.messageId}`, invoice);
   *   unit.send({ topic: 'invoices', body: invoice });
   * });
   * ```
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_RECEIPT_HANDLE_EXPIRED`, `MQ_TOPIC_NOT_FOUND`, `MQ_STORE_WRITE_FAILED`, `MQ_DISK_FULL`,
   * `MQ_BROKER_NOT_OPEN`
   * @since 0.2.0
   */
  async atomic<T>(work: (unit: AtomicUnit) => T | Promise<T>, options?: AtomicOptions): Promise<T> {
    return await runAtomic(this.#parts.delivery, work, options, this.#options.durability);
  }

  /**
   * Closes consumers (waiting for their listeners) and producers, writes everything down durably, and lets the directory go.
   * Settles at the deadline at the latest (default 30 s; on a disk that answers no more up to 3 s later), leaving a store that the next open
   * recovers. A second call waits for the first.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const deadlineMs = requireInteger('deadlineMs', options.deadlineMs ?? DEFAULT_CLOSE_DEADLINE_MS, 0);
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  static {
    const value = function abandon(this: Broker): Promise<void> {
      this.#closing = this.#parts.abandon();
      return this.#closing;
    };
    Object.defineProperty(Broker.prototype, ABANDON, { value });
  }

  /**
   * Consumers first: what a running listener sends belongs to its work, so producers serve until the listeners have ended. A disk that answers
   * no more must not hold a close up, so every step has its limit; listeners that reach the deadline get a moment to give their messages back.
   */
  async #close(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const endsAtMs = clock.monotonic() + deadlineMs;
    const leftMs = (): number => Math.max(0, Math.ceil(endsAtMs - clock.monotonic()));
    this.#parts.closing();
    if (this.#openings.size > 0) await within(clock, deadlineMs, Promise.allSettled([...this.#openings]));
    const clients = [...this.#clients];
    const closeAll = (chosen: typeof clients): Promise<unknown> => Promise.allSettled(chosen.map((client) => client.close({ deadlineMs })));
    const consumers = clients.filter((client) => !(client instanceof LocalProducer));
    if (consumers.length > 0) await within(clock, deadlineMs + GIVE_BACK_MS, closeAll(consumers));
    // Before calls are refused: a send that waits for its topic, its room or its dedup key is under way, too.
    await within(clock, leftMs(), closeAll(clients.filter((client) => client instanceof LocalProducer)));
    this.#parts.refuseCalls();
    await this.#parts.close(leftMs());
  }

  /** A consumer that was opened while the broker began to close is closed again. */
  async #opened<T extends PushConsumer | SimpleConsumer | PullConsumer>(opening: Promise<T>): Promise<T> {
    this.#openings.add(opening);
    try {
      const consumer = await opening;
      if (this.#closing === undefined) {
        this.#clients.add(consumer);
        return consumer;
      }
      await consumer.close();
      throw notOpen('closing');
    } finally {
      this.#openings.delete(opening);
    }
  }

  #assertNotClosing(): void {
    this.#parts.delivery.context.assertOpen();
    if (this.#closing !== undefined) throw notOpen('closing');
  }
}

/** What the checks need of a producer that can be asked. */
function checkedProducer({ transactionChecker: checker, topics }: ProducerOptions): CheckedProducer | undefined {
  if (checker === undefined) return undefined;
  return { checker, topics: topics === undefined || topics.length === 0 ? undefined : new Set(topics.map(topicNameOf)) };
}

/** What subscriptions say of the messages is for the compiler alone: a listener gets those of its own subscriptions. */
function untyped<Subscribed extends Subscriptions>(options: PushConsumerOptions<Subscribed>): PushConsumerOptions {
  return options as unknown as PushConsumerOptions;
}

/** Waits for work to end, but no longer than that. */
async function within(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = clock.setTimer(limitMs, resolve);
  });
  await Promise.race([work, limit]);
  timer?.cancel();
}

/** What the contract has and this version does not: callable and refused. */
Object.defineProperty(Broker, 'repair', { value: () => Promise.reject(notSupported('Broker.repair')), enumerable: false });
