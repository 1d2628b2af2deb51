import type { DeadlineQueue } from '../delivery/deadline-queue.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { TransactionCheckPort } from '../delivery/transaction-port.ts';
import { commitCheck, halfMessages } from '../delivery/waiting/check-transaction.ts';
import { endTransaction } from '../delivery/waiting/end-transaction.ts';
import { errorText } from '../model/error-text.ts';
import { isBrokerError } from '../model/errors.ts';
import { instantAfter } from '../model/instant.ts';
import type { MessageView } from '../model/message.ts';
import type { TransactionChecker, TransactionResolution } from '../model/transaction.ts';
import type { PendingTransaction } from '../storage/index/transactions.ts';

/** When and how often producers are asked. */
export interface TransactionCheckOptions {
  readonly checkImmunityMs: number;
  readonly checkIntervalMs: number;
  readonly maxChecks: number;
}

/** A producer that can be asked. */
export interface CheckedProducer {
  /** Absent: it may be asked about every topic. */
  readonly topics: ReadonlySet<string> | undefined;
  readonly checker: TransactionChecker;
}

/** Errors of checkers that were logged; more than these are not remembered. */
const REMEMBERED_ERRORS = 1000;

/** Asks producers what became of transactions that nobody has ended, and parks those that nobody can tell about. */
export class TransactionChecks implements TransactionCheckPort {
  readonly #delivery: () => Delivery;
  readonly #deadlines: () => DeadlineQueue<PendingTransaction>;
  readonly #options: TransactionCheckOptions;
  /** In the order in which they are asked. */
  readonly #producers = new Set<CheckedProducer>();
  readonly #overdue = new Set<PendingTransaction>();
  readonly #logged = new Set<string>();

  constructor(delivery: () => Delivery, deadlines: () => DeadlineQueue<PendingTransaction>, options: TransactionCheckOptions) {
    this.#delivery = delivery;
    this.#deadlines = deadlines;
    this.#options = options;
  }

  /** Takes up what an earlier process has left; a remaining time is never longer than it was at its beginning. */
  start(): void {
    const { store, clock } = this.#delivery().context;
    const { checkImmunityMs, checkIntervalMs } = this.#options;
    const nodes: { node: PendingTransaction; remainingMs: number }[] = [];
    for (const transaction of store.index.transactions.pending.values()) {
      if (transaction.parked) continue;
      const isFirst = transaction.checks === 0;
      const dueAtMs = isFirst ? transaction.lastHalfAtMs + checkImmunityMs : transaction.nextCheckAtMs;
      const remainingMs = Math.min(isFirst ? checkImmunityMs : checkIntervalMs, Math.max(0, dueAtMs - clock.now()));
      nodes.push({ node: transaction, remainingMs });
    }
    if (nodes.length > 0) this.#deadlines().addSorted(nodes);
  }

  halfStored(transaction: PendingTransaction): void {
    if (transaction.parked || transaction.checks > 0) return;
    this.#overdue.delete(transaction);
    this.#deadlines().add(transaction, this.#options.checkImmunityMs);
  }

  ended(transaction: PendingTransaction): void {
    this.#deadlines().remove(transaction);
    this.#overdue.delete(transaction);
  }

  /** A producer has come (back): what waits for somebody to ask is asked now. */
  register(producer: CheckedProducer): void {
    this.#producers.add(producer);
    for (const transaction of [...this.#overdue]) if (knowsOneOf(producer, this.#topicsOf(transaction))) this.due(transaction);
  }

  unregister(producer: CheckedProducer): void {
    this.#producers.delete(producer);
  }

  /** The time of a check has come. */
  due(transaction: PendingTransaction): void {
    if (!this.#isPending(transaction)) return;
    this.#check(transaction).catch((error: unknown) => {
      const { logger } = this.#delivery().context;
      if (!isBrokerError(error) || error.code !== 'MQ_BROKER_NOT_OPEN')
        logger.warn({ transactionId: transaction.transactionId, err: error }, 'a transaction could not be checked; it is tried again');
      if (this.#isPending(transaction)) this.#deadlines().add(transaction, this.#options.checkIntervalMs);
    });
  }

  async #check(transaction: PendingTransaction): Promise<void> {
    const { context } = this.#delivery();
    const { maxChecks, checkIntervalMs } = this.#options;
    const { transactionId } = transaction;
    context.assertOpen();
    if (transaction.checks >= maxChecks) return await this.#park(transaction);
    const producer = this.#nextProducer(transaction);
    if (producer === undefined) return this.#nobodyToAsk(transaction);
    this.#overdue.delete(transaction);
    // The next check does not wait for the answer to this one.
    this.#deadlines().add(transaction, checkIntervalMs);
    const halves = [...transaction.halves];
    const messages = await halfMessages(context, halves);
    // A producer cannot decide about messages that it is not shown.
    if (messages.length < halves.length) return await this.#park(transaction);
    const checks = transaction.checks + 1;
    await commitCheck(context, { transactionId, checks, nextCheckAtMs: instantAfter(context.clock.now(), checkIntervalMs), parked: false });
    if (!this.#isPending(transaction)) return;
    const resolution = await this.#ask(producer.checker, transactionId, messages);
    if (!this.#isPending(transaction)) return;
    if (resolution !== 'unknown') await this.#end(transaction, resolution);
    else if (transaction.checks >= maxChecks) await this.#park(transaction);
  }

  /** The application may be about to create its producers; who forgot the checker is told once, because nothing else would ever happen. */
  #nobodyToAsk(transaction: PendingTransaction): void {
    if (!this.#overdue.has(transaction)) {
      this.#overdue.add(transaction);
      this.#deadlines().add(transaction, this.#options.checkIntervalMs);
      return;
    }
    this.#delivery().context.logger.warn(
      { transactionId: transaction.transactionId, topics: [...this.#topicsOf(transaction)] },
      'a transaction was not ended and waits: no open producer has a transactionChecker for its topics',
    );
  }

  async #ask(checker: TransactionChecker, transactionId: string, messages: readonly MessageView[]): Promise<TransactionResolution> {
    try {
      const answer = await checker(messages[0] as MessageView, { transactionId, messages });
      if (answer === 'commit' || answer === 'rollback' || answer === 'unknown') return answer;
      throw new TypeError(`the transaction checker answered ${errorText(answer)}; it may answer 'commit', 'rollback' or 'unknown'`);
    } catch (error) {
      const text = errorText(error);
      if (!this.#logged.has(text)) {
        if (this.#logged.size >= REMEMBERED_ERRORS) this.#logged.clear();
        this.#logged.add(text);
        this.#delivery().context.logger.warn({ transactionId, err: error }, 'a transaction checker failed, which counts as unknown');
      }
      return 'unknown';
    }
  }

  /** Somebody else may have been faster, which is as good. */
  async #end(transaction: PendingTransaction, outcome: 'commit' | 'rollback'): Promise<void> {
    const { context, topics } = this.#delivery();
    try {
      await endTransaction(context, topics, transaction.transactionId, { outcome, durability: 'sync' });
    } catch (error) {
      if (!isBrokerError(error) || error.code !== 'MQ_TRANSACTION_ENDED') throw error;
    }
  }

  async #park(transaction: PendingTransaction): Promise<void> {
    const { context } = this.#delivery();
    const { transactionId, checks } = transaction;
    this.#deadlines().remove(transaction);
    await commitCheck(context, { transactionId, checks, nextCheckAtMs: 0, parked: true });
    const topics = [...this.#topicsOf(transaction)];
    context.logger.warn(
      { transactionId, topics, checks },
      'a transaction was parked: nobody could tell its end; admin.resolveTransaction ends it',
    );
    if (context.events.listenerCount('transactionParked') > 0) context.events.emit('transactionParked', { transactionId, topics, checks });
  }

  /** The one that was asked longest ago, of those that know a topic of the transaction. */
  #nextProducer(transaction: PendingTransaction): CheckedProducer | undefined {
    const names = this.#topicsOf(transaction);
    for (const producer of this.#producers) {
      if (!knowsOneOf(producer, names)) continue;
      this.#producers.delete(producer);
      this.#producers.add(producer);
      return producer;
    }
    return undefined;
  }

  #topicsOf({ halves }: PendingTransaction): Set<string> {
    const { catalogue } = this.#delivery().context.store.index;
    return new Set(halves.map(({ topicId }) => catalogue.originOf(topicId).name));
  }

  #isPending(transaction: PendingTransaction): boolean {
    const { pending } = this.#delivery().context.store.index.transactions;
    return pending.get(transaction.transactionId) === transaction && !transaction.parked;
  }
}

function knowsOneOf({ topics }: CheckedProducer, names: ReadonlySet<string>): boolean {
  return topics === undefined || [...names].some((name) => topics.has(name));
}
