import type { Delivery } from '../delivery/delivery.ts';
import { endTransaction } from '../delivery/waiting/end-transaction.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import type { Durability, Message, SendReceipt } from '../model/message.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import type { SendOptions } from '../model/send-options.ts';
import type { EndTransactionOptions, Transaction } from '../model/transaction.ts';

const KNOWN: ReadonlySet<string> = new Set(['durability']);

/** What a transaction needs of its producer. */
export interface TransactionProducer {
  readonly delivery: Delivery;
  readonly durability: Durability;
  /** Sends as the producer does, as a part of the transaction. */
  send(message: Message, options: SendOptions | undefined): Promise<SendReceipt>;
  assertOpen(): void;
}

/** A transaction of a producer in this process. */
export class LocalTransaction implements Transaction {
  readonly transactionId: string;
  readonly #producer: TransactionProducer;
  /** Sends under way; an end waits for them. */
  readonly #sending = new Set<Promise<SendReceipt>>();
  /** A message of it is stored for sure. */
  #isStored = false;
  #state: 'open' | 'ending' | 'ended' = 'open';

  constructor(transactionId: string, producer: TransactionProducer) {
    this.transactionId = transactionId;
    this.#producer = producer;
  }

  async send(message: Message, options?: SendOptions): Promise<SendReceipt> {
    this.#producer.assertOpen();
    this.#assertNotEnded();
    if (this.#isStored && !this.#transactions.pending.has(this.transactionId)) throw this.#ended();
    const sending = this.#producer.send(message, options);
    this.#sending.add(sending);
    try {
      const receipt = await sending;
      this.#isStored ||= receipt.transactionId === this.transactionId;
      return receipt;
    } finally {
      this.#sending.delete(sending);
    }
  }

  commit(options?: EndTransactionOptions): Promise<void> {
    return this.#end('commit', options);
  }

  rollback(options?: EndTransactionOptions): Promise<void> {
    return this.#end('rollback', options);
  }

  async #end(outcome: 'commit' | 'rollback', options: EndTransactionOptions = {}): Promise<void> {
    this.#producer.assertOpen();
    checkFieldNames('The options of the end of a transaction', requireObject('The options of the end of a transaction', options), KNOWN);
    const { durability = this.#producer.durability } = options;
    if (durability !== 'sync' && durability !== 'async')
      throw illegalArgument(`durability must be 'sync' or 'async', not ${JSON.stringify(durability)}`);
    this.#assertNotEnded();
    this.#state = 'ending';
    await Promise.allSettled([...this.#sending]);
    const { context, topics } = this.#producer.delivery;
    try {
      await endTransaction(context, topics, this.transactionId, { outcome, durability });
      this.#state = 'ended';
    } catch (error) {
      const { code } = error as { code?: unknown };
      const isUnknown = code === 'MQ_INVALID_TRANSACTION_ID';
      this.#state = isUnknown || code === 'MQ_TRANSACTION_ENDED' ? 'ended' : 'open';
      if (!isUnknown) throw error;
      // Nothing was stored, and there is nothing to end; or somebody has ended it so long ago that nobody knows how.
      if (this.#isStored) throw this.#ended();
    }
  }

  get #transactions(): Delivery['context']['store']['index']['transactions'] {
    return this.#producer.delivery.context.store.index.transactions;
  }

  #assertNotEnded(): void {
    if (this.#state !== 'open') throw this.#ended();
  }

  #ended(): BrokerError {
    return new BrokerError('MQ_TRANSACTION_ENDED', `Transaction ${this.transactionId} was ended before; begin another one`);
  }
}
