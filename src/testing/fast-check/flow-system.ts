import type { GroupOptions, Producer, SimpleConsumer, TransactionResolution } from '../../index.ts';
import { FaultPlan } from '../../platform/memory/fault-plan.ts';
import { ManualClock } from '../manual-clock.ts';
import { openTestBroker } from '../open-test-broker.ts';
import type { TestBroker } from '../test-broker.ts';
import { FlowModel } from './flow-model.ts';
import { ModelGroup } from './model-group.ts';
import { DEDUP_WINDOW_MS } from './model-keys.ts';
import { PushJournal } from './push-journal.ts';

/**
 * What the commands run on; everything has a default.
 * @public
 * @since 0.1.0
 */
export interface FlowOptions {
  /** Topics that messages are sent to; default `orders` and `payments`. Messages with a priority go to a topic of their own, `flow-priority`. */
  readonly topics?: readonly string[] | undefined;
  /** Deliveries until a message is dead-lettered; default 3. */
  readonly maxAttempts?: number | undefined;
  /** All chance of the broker comes from it; default 1. */
  readonly seed?: number | undefined;
  /**
   * Called each time that the broker has been opened: the place for your own consumers. They must not use the groups of the commands,
   * send to their topics, or write values whose keys begin with `flow/`.
   */
  readonly onOpen?: ((broker: TestBroker) => Promise<void> | void) | undefined;
}

/** Everything with the tag that messages have now and then; everything whatever the tag; everything, pushed to a failing listener. */
export const GROUPS = { all: 'flow-all', tagged: 'flow-tagged', pushed: 'flow-pushed' } as const;
export const WANTED_TAG = 'a';
/** Where messages with a priority go. */
export const PRIORITY_TOPIC = 'flow-priority';
/** So often a checker is asked before a transaction is parked. */
export const MAX_CHECKS = 3;
const DEFAULT_TOPICS: readonly string[] = ['orders', 'payments'];
const DEFAULT_MAX_ATTEMPTS = 3;
const RETRY_MS = 700;
const CONSUME_TIMEOUT_MS = 5_000;

/**
 * A test broker with the consumers that the commands use, opened anew after each crash.
 * @public
 * @since 0.1.0
 */
export class FlowSystem {
  /** The broker under test. */
  readonly broker: TestBroker;
  /** Its clock. */
  readonly clock: ManualClock;
  /** Says which writes fail. */
  readonly faults: FaultPlan;
  /** The topics that messages without a priority are sent to. */
  readonly topics: readonly string[];
  /** What the application knows of its transactions, by their ids, and so answers to a check; it outlives the process. @internal */
  readonly decisions: Map<string, TransactionResolution> = new Map();
  /** What the push consumer's listener saw. @internal */
  readonly pushed: PushJournal;
  readonly #options: FlowOptions;
  readonly #checks = new Map<string, number>();
  #producer: Producer;
  #consumers = new Map<string, SimpleConsumer>();

  private constructor(options: FlowOptions, broker: TestBroker, parts: { clock: ManualClock; faults: FaultPlan }) {
    this.#options = options;
    this.broker = broker;
    this.clock = parts.clock;
    this.faults = parts.faults;
    this.topics = options.topics ?? DEFAULT_TOPICS;
    this.pushed = new PushJournal(options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS, parts.clock);
    this.#producer = this.#newProducer();
  }

  /** Opens a broker and its consumers. */
  static async open(options: FlowOptions = {}): Promise<FlowSystem> {
    const clock = new ManualClock();
    const faults = new FaultPlan();
    const broker = await openTestBroker({ clock, seed: options.seed ?? 1, failures: faults, transaction: { maxChecks: MAX_CHECKS } });
    const system = new FlowSystem(options, broker, { clock, faults });
    for (const topic of system.topics) await broker.admin.createTopic(topic, { queueCount: 2, dedupWindowMs: DEDUP_WINDOW_MS });
    await broker.admin.createTopic(PRIORITY_TOPIC, { type: 'priority', queueCount: 1, dedupWindowMs: DEDUP_WINDOW_MS });
    const group: GroupOptions = {
      maxAttempts: options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
      retryPolicy: { kind: 'customized', delaysMs: [RETRY_MS] },
    };
    for (const name of Object.values(GROUPS)) await broker.admin.createGroup(name, group);
    await system.#openClients();
    return system;
  }

  /** A model of the system as it is now. */
  newModel(): FlowModel {
    const model = new FlowModel(this.clock);
    const maxAttempts = this.#options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
    model.groups.set(GROUPS.all, new ModelGroup(GROUPS.all, { maxAttempts, wantedTag: undefined }));
    model.groups.set(GROUPS.tagged, new ModelGroup(GROUPS.tagged, { maxAttempts, wantedTag: WANTED_TAG }));
    return model;
  }

  /** The topics of the commands, with the one that has priorities. */
  get allTopics(): readonly string[] {
    return [...this.topics, PRIORITY_TOPIC];
  }

  /** How often the application was asked about a transaction. @internal */
  checksOf(transactionId: string): number {
    return this.#checks.get(transactionId) ?? 0;
  }

  /** Sends. */
  get producer(): Producer {
    return this.#producer;
  }

  /** The simple consumer of a group of the commands. */
  consumer(group: string): SimpleConsumer {
    const consumer = this.#consumers.get(group);
    if (consumer === undefined) throw new Error(`The commands have no consumer of the group ${JSON.stringify(group)}`);
    return consumer;
  }

  /** Opens the broker again after it was crashed or closed, and its consumers with it. */
  async reopen(): Promise<void> {
    await this.broker.reopen();
    this.#producer = this.#newProducer();
    await this.#openClients();
    await this.clock.settle();
  }

  #newProducer(): Producer {
    return this.broker.createProducer({
      transactionChecker: (_message, { transactionId }) => {
        this.#checks.set(transactionId, this.checksOf(transactionId) + 1);
        return this.decisions.get(transactionId) ?? 'unknown';
      },
    });
  }

  async #openClients(): Promise<void> {
    const { broker } = this;
    const everything = Object.fromEntries(this.allTopics.map((topic) => [topic, '*']));
    const tagged = Object.fromEntries(this.allTopics.map((topic) => [topic, WANTED_TAG]));
    this.#consumers = new Map([
      [GROUPS.all, await broker.createSimpleConsumer({ group: GROUPS.all, subscriptions: everything, awaitDurationMs: 0 })],
      [GROUPS.tagged, await broker.createSimpleConsumer({ group: GROUPS.tagged, subscriptions: tagged, awaitDurationMs: 0 })],
    ]);
    const { pushed } = this;
    await broker.createPushConsumer({
      group: GROUPS.pushed,
      subscriptions: everything,
      concurrency: 4,
      consumeTimeoutMs: CONSUME_TIMEOUT_MS,
      listener: (message, { signal }) => pushed.listen(message, signal),
    });
    await this.#options.onOpen?.(broker);
  }
}
