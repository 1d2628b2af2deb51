import { BrokerError } from '../../model/errors.ts';
import type { Durability } from '../../model/message.ts';
import type { HalfMessage, PendingTransaction, TransactionOutcome } from '../../storage/index/transactions.ts';
import type { BarrierWaiter } from '../../storage/log/barriers.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { writeTransactionEnd } from '../../storage/log/transaction-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topics } from '../topics.ts';
import { type Located, PlacedPointer } from './placed-pointer.ts';

type LocatedHalf = Located<HalfMessage>;

interface EndTerms {
  readonly outcome: TransactionOutcome;
  readonly durability: Durability;
}

/** The end of a transaction and, where it is committed, a pointer to each of its messages: one group commit, hence all or none. */
class TransactionEndEntry implements LogEntry, BarrierWaiter {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #transaction: PendingTransaction;
  readonly #terms: EndTerms;
  readonly #halves: readonly PlacedPointer<HalfMessage>[];
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };

  constructor(
    context: DeliveryContext,
    topics: Topics,
    what: { transaction: PendingTransaction; terms: EndTerms; halves: readonly LocatedHalf[]; group: CommitGroup },
    settle: { resolve: () => void; reject: (error: Error) => void },
  ) {
    this.#context = context;
    this.#topics = topics;
    this.#transaction = what.transaction;
    this.#terms = what.terms;
    this.#settle = settle;
    const builder = what.group.room(32);
    builder.begin(RECORD.transactionEnd);
    writeTransactionEnd(builder, { transactionId: what.transaction.transactionId, outcome: what.terms.outcome });
    builder.end();
    this.#halves = what.halves.map((half) => new PlacedPointer(what.group, half, 'transaction', 0));
  }

  seal(): void {
    for (const half of this.#halves) half.seal();
  }

  commit(firstSequence: number): void {
    const { index } = this.#context.store;
    for (const half of this.#halves) half.publish(this.#context, this.#topics, firstSequence);
    if (this.#terms.outcome === 'rollback') this.#freeKeys();
    index.transactions.end(this.#transaction.transactionId, this.#terms.outcome);
    this.#context.transactionChecks.ended(this.#transaction);
  }

  /** What was rolled back may be sent again with the same dedup key. */
  #freeKeys(): void {
    const { index, log } = this.#context.store;
    for (const { dedupHash, topicId, position } of this.#transaction.halves)
      if (dedupHash !== undefined) index.dedup.free(topicId, dedupHash, position, log.lastStoredAtMs);
  }

  settle(): void {
    if (this.#terms.durability === 'sync') this.#context.store.log.barriers.wait(this);
    else this.durable();
  }

  durable(): void {
    this.#settle.resolve();
  }

  failed(error: Error): void {
    this.#settle.reject(error);
  }

  fail(error: Error): void {
    for (const half of this.#halves) half.cancel();
    this.#settle.reject(error);
  }
}

/**
 * Commits or rolls back by compare-and-set: whoever joins the log first decides, the others are answered from its outcome.
 * @throws BrokerError `MQ_TRANSACTION_ENDED`, `MQ_INVALID_TRANSACTION_ID`, `MQ_TOPIC_NOT_FOUND` (the transaction goes on)
 */
export async function endTransaction(context: DeliveryContext, topics: Topics, transactionId: string, terms: EndTerms): Promise<void> {
  const transaction = await claim(context, transactionId);
  try {
    await grown(context, transactionId);
    const halves = terms.outcome === 'commit' ? await locate(context, transaction) : [];
    context.assertOpen();
    await new Promise<void>((resolve, reject) => {
      const { log } = context.store;
      const group = log.open();
      if (terms.durability === 'sync') group.needsBarrier = true;
      log.join(
        group,
        new TransactionEndEntry(context, topics, { transaction, terms, halves, group }, { resolve, reject }),
        halves.length * 48,
      );
    });
  } finally {
    transaction.claimed = false;
  }
}

/**
 * Whether a message of a transaction has to wait, because an end of the transaction is on its way: what would join behind it would belong to nothing.
 * @throws BrokerError `MQ_TRANSACTION_ENDED`
 */
export function isEnding({ store }: DeliveryContext, transactionId: string): boolean {
  const { transactions } = store.index;
  const end = transactions.endOf(transactionId);
  if (end !== undefined) throw ended(transactionId, end);
  return transactions.pending.get(transactionId)?.claimed === true;
}

/** Messages that have joined the log before the end are part of it. Once it is claimed no others join. */
async function grown(context: DeliveryContext, transactionId: string): Promise<void> {
  const { index, log } = context.store;
  while (index.transactions.isGrowing(transactionId)) {
    await log.nextCommit();
    context.assertOpen();
  }
}

async function claim(context: DeliveryContext, transactionId: string): Promise<PendingTransaction> {
  const { index, log } = context.store;
  for (;;) {
    context.assertOpen();
    const transaction = index.transactions.pending.get(transactionId);
    if (transaction === undefined && !index.transactions.isGrowing(transactionId))
      throw notPending(transactionId, index.transactions.endOf(transactionId));
    if (transaction?.claimed === false) {
      transaction.claimed = true;
      return transaction;
    }
    await log.nextCommit();
  }
}

async function locate({ store }: DeliveryContext, { transactionId, halves }: PendingTransaction): Promise<LocatedHalf[]> {
  const located: LocatedHalf[] = [];
  for (const half of halves) {
    const { topicId, queueId } = half;
    if (!store.index.catalogue.topics.has(topicId)) {
      throw new BrokerError(
        'MQ_TOPIC_NOT_FOUND',
        `Transaction ${transactionId} has a message for a topic that was deleted, so that it cannot be committed whole; roll it back`,
      );
    }
    located.push({ waiting: half, queue: store.index.queue(topicId, queueId) ?? (await store.index.loadQueue(topicId, queueId)) });
  }
  return located;
}

function notPending(transactionId: string, end: TransactionOutcome | undefined): BrokerError {
  if (end === undefined) {
    return new BrokerError('MQ_INVALID_TRANSACTION_ID', `There is no transaction ${JSON.stringify(transactionId)} that could be ended`);
  }
  return ended(transactionId, end);
}

function ended(transactionId: string, end: TransactionOutcome): BrokerError {
  const how = end === 'commit' ? 'committed' : 'rolled back';
  return new BrokerError('MQ_TRANSACTION_ENDED', `Transaction ${transactionId} was ${how} before; begin another one`);
}
