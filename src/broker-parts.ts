import type { EventEmitter } from 'eventemitter3';
import { brokerEvents } from './broker-events.ts';
import { clientsOf, storeFigures } from './broker-figures.ts';
import type { ResolvedBrokerOptions } from './broker-options.ts';
import { LocalAdmin } from './client/local-admin.ts';
import { Arrivals } from './delivery/arrivals.ts';
import { DeadlineQueue } from './delivery/deadline-queue.ts';
import { Delivery, fireDeadline } from './delivery/delivery.ts';
import type { DeliveryContext } from './delivery/delivery-context.ts';
import { type DeliveryCounters, newCounters } from './delivery/delivery-counters.ts';
import { Suspects } from './delivery/queues/suspects.ts';
import { RecallHandles } from './delivery/views/recall-handle.ts';
import { ReceiptHandles } from './delivery/views/receipt-handle.ts';
import { Checkpointer } from './maintenance/checkpointer.ts';
import { DedupSweeper } from './maintenance/dedup-sweeper.ts';
import { DiskWatch } from './maintenance/disk-watch.ts';
import { Healer } from './maintenance/healer.ts';
import { TimerPump } from './maintenance/timer-pump.ts';
import { TransactionChecks } from './maintenance/transaction-check.ts';
import type { BrokerStats } from './model/broker-stats.ts';
import type { Timer } from './model/clock.ts';
import { BrokerError } from './model/errors.ts';
import type { BrokerEvents, BrokerState } from './model/events.ts';
import { MessageIdSource } from './model/message-id.ts';
import type { CloseOptions } from './model/messaging.ts';
import type { Directory } from './model/storage-provider.ts';
import type { PendingTransaction } from './storage/index/transactions.ts';
import { BrokerTime } from './storage/log/broker-time.ts';
import type { Store } from './storage/store.ts';
import { openStore, StoreWiring } from './store-wiring.ts';

/** Everything that a broker is made of, wired: who is told of a commit, a failure, a deadline. */
export class BrokerParts {
  readonly delivery: Delivery;
  readonly admin: LocalAdmin;
  readonly events: EventEmitter<BrokerEvents>;
  readonly transactionChecks: TransactionChecks;
  /** Open producers and consumers. */
  readonly clients: Set<{ close(options?: CloseOptions): Promise<void> }> = new Set();
  readonly #options: ResolvedBrokerOptions;
  readonly #directory: Directory;
  readonly #store: Store;
  readonly #healer: Healer;
  readonly #checkpointer: Checkpointer;
  readonly #dedupSweeper: DedupSweeper;
  readonly #timers: TimerPump;
  readonly #deadlines: DeadlineQueue<Parameters<typeof fireDeadline>[0]>;
  readonly #sendDeadlines: DeliveryContext['sendDeadlines'];
  readonly #checkDeadlines: DeadlineQueue<PendingTransaction>;
  readonly #counters: DeliveryCounters = newCounters();
  readonly #openedAtMs: number;
  #state: BrokerState = 'open';
  #refusesCalls = false;

  private constructor(options: ResolvedBrokerOptions, directory: Directory, store: Store, wiring: StoreWiring) {
    const { clock, logger } = options;
    this.#options = options;
    this.#directory = directory;
    this.#store = store;
    this.#openedAtMs = clock.now();
    this.events = brokerEvents(store.damages, logger);
    this.#deadlines = new DeadlineQueue(clock, fireDeadline);
    this.#sendDeadlines = new DeadlineQueue(clock, (send) => send.timeOut());
    this.#checkDeadlines = new DeadlineQueue(clock, (transaction) => this.transactionChecks.due(transaction));
    this.transactionChecks = new TransactionChecks(
      () => this.delivery,
      () => this.#checkDeadlines,
      options.transaction,
    );
    this.#checkpointer = new Checkpointer(() => store, clock, logger);
    this.#timers = new TimerPump(() => this.delivery.dueMessages, clock, logger);
    this.#healer = new Healer({
      store: () => store,
      directory,
      clock,
      logger,
      onState: (state) => this.#setState(state),
      onHealed: () => {
        // After a full disk the room that the ballast gave is for acknowledgements.
        void watch.check();
        this.#wakeEverybody();
      },
    });
    const arrivals = new Arrivals();
    this.delivery = new Delivery(this.#context(arrivals), options);
    const { dedup } = store.index;
    const { time } = this.delivery.context;
    this.#dedupSweeper = new DedupSweeper({
      clock,
      process: options.process,
      sweep: () => dedup.sweep(time.now()),
      size: () => dedup.size,
    });
    this.delivery.deduplication.onStored = () => this.#dedupSweeper.stored();
    this.admin = new LocalAdmin(this.delivery, () => this.#stats());
    const watch = new DiskWatch(directory, {
      floorBytes: options.limits.minFreeDiskBytes,
      logger,
      onChange: (refusal) => {
        this.delivery.gate.refusal = refusal;
      },
    });
    wiring.onFailure = (error) => this.#healer.failed(error);
    wiring.onVisible = () => arrivals.wake();
    wiring.onDamage = (damage) => {
      logger.error({ damage }, 'damage was found');
      this.events.emit('damage', damage);
    };
    wiring.onDurable = () => this.delivery.gate.released();
    wiring.onCommit = (bytes) => {
      this.delivery.gate.released();
      this.#checkpointer.committed(bytes);
      watch.wrote(bytes);
    };
    wiring.ready = () => watch.check();
  }

  static async open(options: ResolvedBrokerOptions): Promise<BrokerParts> {
    const { clock, limits, lockWaitMs } = options;
    const release = options.process.hold();
    const acquiring = options.storage.acquire({ lockWaitMs, minFreeDiskBytes: limits.minFreeDiskBytes, clock });
    const directory = await acquiring.finally(release);
    const wiring = new StoreWiring();
    let parts: BrokerParts | undefined;
    try {
      const store = await openStore(options, directory, wiring);
      parts = new BrokerParts(options, directory, store, wiring);
      await wiring.ready();
      await parts.delivery.recallUnsettled();
      parts.#timers.start();
      parts.transactionChecks.start();
      return parts;
    } catch (error) {
      await (parts === undefined ? directory.release() : parts.abandon());
      throw error;
    }
  }

  /** Consumers are being closed; what their listeners send and acknowledge is still served. */
  closing(): void {
    this.#setState('closing');
  }

  /** From now on every call is refused. */
  refuseCalls(): void {
    this.#refusesCalls = true;
  }

  /** Writes everything down and lets go; after the deadline without the writing. */
  async close(deadlineMs: number): Promise<void> {
    this.#stopTimers();
    await this.#within(deadlineMs, this.#healer.stop());
    this.delivery.gate.refuseAll(notOpen('closing'));
    let isWritten = false;
    try {
      isWritten = this.#healer.failure === undefined && (await this.#within(deadlineMs, this.#store.close()));
    } finally {
      // Also what comes too late for a clean close is told so.
      this.#store.log.end(this.#healer.failure ?? notOpen('closed'));
      // A call that hangs in LevelDB keeps the store open, and then the lock has to stay too.
      const closed = (isWritten ? Promise.resolve() : this.#store.abandon()).then(() => this.#directory.release());
      await this.#within(0, closed).finally(() => this.#setState('closed'));
    }
  }

  /** Dies as a killed process does. */
  async abandon(): Promise<void> {
    this.#setState('closed');
    this.#stopTimers();
    const error = notOpen('closed');
    this.delivery.gate.refuseAll(error);
    void this.#healer.stop();
    this.#store.log.end(error);
    await Promise.allSettled([...this.clients].map((client) => client.close({ deadlineMs: 0 })));
    await this.#store.abandon();
    await this.#directory.release();
  }

  /** Waits for work, at most for that long, but at least for the time of one flush; false when it was too long. */
  async #within(limitMs: number, work: Promise<void>): Promise<boolean> {
    let timer: Timer | undefined;
    const limit = new Promise<boolean>((resolve) => {
      timer = this.#options.clock.setTimer(Math.max(limitMs, MINIMUM_FLUSH_MS), () => resolve(false));
    });
    const outcome = work.then(() => true);
    outcome.catch(ignore);
    try {
      return await Promise.race([outcome, limit]);
    } finally {
      timer?.cancel();
    }
  }

  #context(arrivals: Arrivals): DeliveryContext {
    const { clock, random, limits, logger, storage } = this.#options;
    return {
      store: this.#store,
      clock,
      openedAtMs: clock.now(),
      time: this.#store.log.time,
      delayTime: new BrokerTime(clock, this.#store.index.delays.resumedAtMs(clock.now())),
      process: this.#options.process,
      limits,
      logger,
      events: this.events,
      ids: new MessageIdSource({ random, clock }),
      handles: new ReceiptHandles(this.#store.secret),
      deadlines: this.#deadlines,
      sendDeadlines: this.#sendDeadlines,
      suspects: new Suspects(),
      arrivals,
      timers: this.#timers,
      transactionChecks: this.transactionChecks,
      recallHandles: new RecallHandles(this.#store.secret),
      counters: this.#counters,
      storage: storage.kind,
      assertOpen: () => this.#assertOpen(),
    };
  }

  #assertOpen(): void {
    if (this.#healer.failure !== undefined) throw this.#healer.failure;
    if (this.#refusesCalls || this.#state === 'closed') throw notOpen(this.#state);
  }

  #setState(to: BrokerState): void {
    const from = this.#state;
    if (from === to || from === 'closed' || (from === 'closing' && to !== 'closed')) return;
    this.#state = to;
    this.events.emit('state', { from, to });
  }

  #wakeEverybody(): void {
    this.delivery.gate.released();
    this.delivery.groups.wakeAll();
    this.#timers.retry();
  }

  #stopTimers(): void {
    this.#checkpointer.stop();
    this.#timers.stop();
    this.#dedupSweeper.stop();
    this.#deadlines.stop();
    this.#sendDeadlines.stop();
    this.#checkDeadlines.stop();
  }

  #stats(): BrokerStats {
    const { storage } = this.#options;
    return {
      state: this.#state,
      storage: storage.kind,
      openedAtMs: this.#openedAtMs,
      ...clientsOf(this.clients),
      ...this.#counters,
      unsettled: this.delivery.groups.unsettled,
      heals: this.#healer.heals,
      ...storeFigures(this.#store),
    };
  }
}

/** A close with a short deadline still gets the time of one flush. */
const MINIMUM_FLUSH_MS = 1000;

function ignore(): void {}

export function notOpen(state: string): BrokerError {
  return new BrokerError('MQ_BROKER_NOT_OPEN', `The broker is ${state}; open another one`);
}
