import type { EventEmitter } from 'eventemitter3';
import {
  type Admin,
  type ApplicationStore,
  type AtomicOptions,
  type AtomicUnit,
  Broker,
  type BrokerEvents,
  type BrokerOptions,
  type Clock,
  type CloseOptions,
  type Producer,
  type ProducerOptions,
  type PullConsumer,
  type PullConsumerOptions,
  type PushConsumer,
  type PushConsumerOptions,
  type Random,
  type SimpleConsumer,
  type SimpleConsumerOptions,
  type Subscriptions,
  type ViewOf,
} from '../index.ts';
import { abandon } from '../model/abandon.ts';
import { BrokerError } from '../model/errors.ts';
import type { SimulatedDisk } from '../platform/memory/simulated-disk.ts';
import { drain, PushedTopics } from './drain.ts';
import { EventJournal, type RecordedEvent } from './event-journal.ts';
import { ManualClock } from './manual-clock.ts';

/**
 * What survives a power cut of what no barrier had covered.
 * @public
 * @since 0.1.0
 */
export interface PowerCutChoice {
  /** `none` (default) loses all of it; `some` keeps a beginning of it, chosen by the seed; `holes` keeps any part of it. */
  readonly survivors?: 'none' | 'some' | 'holes' | undefined;
}

/** What a test broker is made of; `openTestBroker` puts it together. */
interface TestBrokerParts {
  readonly options: BrokerOptions;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the bytes are, when it is a disk that can be crashed. */
  readonly disk: SimulatedDisk | undefined;
}

/**
 * The compiler takes it for a `Broker`, so that an application's functions that ask for one take it as they are.
 * @public
 * @since 0.2.0
 */
// The private members of the two are apart: only the methods of a broker look at those of a broker.
export interface TestBroker extends Broker {}

/**
 * A broker that can be crashed and opened again, with everything that a broker has; where a function asks for a `Broker`, it may be given. Made by
 * `openTestBroker`.
 * @public
 * @since 0.1.0
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: what `implements` holds it to is all that the interface adds.
export class TestBroker implements Pick<Broker, keyof Broker> {
  /** What the broker tells; listeners outlive crashes. Everything is also kept for `eventsOf`. */
  readonly events: EventEmitter<BrokerEvents>;
  /** The clock of the broker; the one that was given, else one that stands still. */
  readonly clock: Clock;
  /** The disk under the broker; `undefined` when it was opened with a storage that is no `SimulatedDisk`. */
  readonly disk: SimulatedDisk | undefined;
  readonly #parts: TestBrokerParts;
  readonly #journal: EventJournal;
  readonly #pushed = new PushedTopics();
  #broker: Broker;
  /** Its close has had its end, which whoever called it was told; one that failed leaves what a crash does. */
  #isClosed = false;

  private constructor(parts: TestBrokerParts, journal: EventJournal, broker: Broker) {
    this.#parts = parts;
    this.#journal = journal;
    this.#broker = broker;
    this.events = journal.events;
    this.clock = parts.clock;
    this.disk = parts.disk;
  }

  /** @internal */
  static async open(parts: TestBrokerParts): Promise<TestBroker> {
    const journal = new EventJournal(parts.clock);
    if (parts.clock instanceof ManualClock) parts.clock.watch(journal);
    const broker = await Broker.open(parts.options);
    journal.follow(broker.events);
    return new TestBroker(parts, journal, broker);
  }

  /** Topics, consumer groups, progress, dead letters and counters. */
  get admin(): Admin {
    return this.#broker.admin;
  }

  /** As `Broker.createProducer`. */
  createProducer(options?: ProducerOptions): Producer {
    return this.#broker.createProducer(options);
  }

  /** As `Broker.createPushConsumer`. */
  async createPushConsumer<Subscribed extends Subscriptions>(options: PushConsumerOptions<Subscribed>): Promise<PushConsumer> {
    const consumer = await this.#broker.createPushConsumer(options);
    return this.#pushed.track(consumer, options);
  }

  /** As `Broker.createSimpleConsumer`. */
  createSimpleConsumer<Subscribed extends Subscriptions>(
    options: SimpleConsumerOptions<Subscribed>,
  ): Promise<SimpleConsumer<ViewOf<Subscribed>>> {
    return this.#broker.createSimpleConsumer(options);
  }

  /** As `Broker.createPullConsumer`. */
  createPullConsumer<Subscribed extends Subscriptions>(
    options: PullConsumerOptions<Subscribed>,
  ): Promise<PullConsumer<ViewOf<Subscribed>>> {
    return this.#broker.createPullConsumer(options);
  }

  /** As `Broker.store`. */
  get store(): ApplicationStore {
    return this.#broker.store;
  }

  /** As `Broker.atomic`. */
  atomic<T>(work: (unit: AtomicUnit) => T | Promise<T>, options?: AtomicOptions): Promise<T> {
    return this.#broker.atomic(work, options);
  }

  /** As `Broker.close`; `reopen` serves again from what was stored. */
  close(options?: CloseOptions): Promise<void> {
    const closing = this.#broker.close(options);
    const ended = (): void => {
      this.#isClosed = true;
    };
    closing.then(ended, ended);
    return closing;
  }

  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Dies as by `kill -9`: what was written stays, sends without a receipt are lost or not, pending calls reject with `MQ_BROKER_NOT_OPEN`, and
   * so does every call until `reopen`.
   */
  async crash(): Promise<void> {
    const dying = abandon(this.#broker);
    this.disk?.crash();
    await dying;
    this.#pushed.clear();
  }

  /**
   * Dies as by a power cut: as `crash`, and what no barrier had covered is lost too.
   * @throws BrokerError `MQ_NOT_SUPPORTED` on a storage that is no `SimulatedDisk`
   */
  async powerCut(choice: PowerCutChoice = {}): Promise<void> {
    const { disk } = this;
    if (disk === undefined)
      throw new BrokerError('MQ_NOT_SUPPORTED', 'Only a SimulatedDisk can lose its power; open the test broker without a storage');
    const dying = abandon(this.#broker);
    const { survivors = 'none' } = choice;
    disk.powerCut(survivors === 'none' ? {} : { random: this.#parts.random, holes: survivors === 'holes' });
    await dying;
    this.#pushed.clear();
  }

  /** Opens the broker again from what is on the disk, after `crash`, `powerCut` or `close`; a broker that is open is closed first. */
  async reopen(): Promise<void> {
    if (!this.#isClosed) await this.close();
    this.#pushed.clear();
    this.#broker = await Broker.open(this.#parts.options);
    this.#isClosed = false;
    this.#journal.follow(this.#broker.events);
  }

  /**
   * Lets time pass until the open push consumers have nothing left: nothing ready, no retry and no delay message that is due later, nothing in
   * flight. What simple consumers hold, what nobody is subscribed to, and a transaction that is not ended are not waited for.
   *
   * @param options - `withinMs`: most time of the broker's clock that may pass; default 60 days
   * @throws AssertionError when something is left that time does not move, such as a paused consumer's messages
   */
  async drain(options: { readonly withinMs?: number | undefined } = {}): Promise<void> {
    await drain(this.clock, this.#pushed, this.#broker.admin, options.withinMs);
  }

  /** What happened to messages of a topic, oldest first, over all crashes. */
  eventsOf(topic: string): RecordedEvent[] {
    return this.#journal.of(topic);
  }

  /** Everything that happened, oldest first, over all crashes. */
  get recordedEvents(): readonly RecordedEvent[] {
    return this.#journal.all();
  }

  /** Forgets what happened so far; property tests that reuse a broker keep their memory small by it. */
  forgetEvents(): void {
    this.#journal.forget();
  }

  /** Lets work under way end without time passing, where the clock is a `ManualClock`. */
  async settle(): Promise<void> {
    if (this.clock instanceof ManualClock) await this.clock.settle();
  }
}
