import type { Delivery } from '../delivery/delivery.ts';
import { endTransaction } from '../delivery/end-transaction.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import type { Durability, Message, SendReceipt } from '../model/message.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import type { SendOptions } from '../model/send-options.ts';
import type { EndTransactionOptions, Transaction } from '../model/transaction.ts';

const KNOWN: ReadonlySet<string> = new Set(['durability']);
const NONE: ReadonlySet<string> = new Set();

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
  #hasMessages = false;
  #state: 'open' | 'ending' | 'ended' = 'open';

  constructor(transactionId: string, producer: TransactionProducer) {
    this.transactionId = transactionId;
    this.#producer = producer;
  }

  async send(message: Message, options?: SendOptions): Promise<SendReceipt> {
    this.#producer.assertOpen();
    this.#assertNotEnded();
    const sending = this.#producer.send(message, options);
    this.#sending.add(sending);
    // Whether a send that failed is stored may be unknown: the end has to speak of it too.
    this.#hasMessages = true;
    try {
      return await sending;
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
    checkFieldNames(
      'The options of the end of a transaction',
      requireObject('The options of the end of a transaction', options),
      KNOWN,
      NONE,
    );
    const { durability = this.#producer.durability } = options;
    if (durability !== 'sync' && durability !== 'async')
      throw illegalArgument(`durability must be 'sync' or 'async', not ${JSON.stringify(durability)}`);
    this.#assertNotEnded();
    this.#state = 'ending';
    await Promise.allSettled([...this.#sending]);
    const { context, topics } = this.#producer.delivery;
    const isStored = context.store.index.transactions.pending.has(this.transactionId);
    try {
      // Nothing was stored: there is nothing to end.
      if (this.#hasMessages && (isStored || context.store.index.transactions.endOf(this.transactionId) !== undefined))
        await endTransaction(context, topics, this.transactionId, { outcome, durability });
      this.#state = 'ended';
    } catch (error) {
      this.#state = (error as { code?: unknown }).code === 'MQ_TRANSACTION_ENDED' ? 'ended' : 'open';
      throw error;
    }
  }

  #assertNotEnded(): void {
    if (this.#state === 'open') return;
    throw new BrokerError('MQ_TRANSACTION_ENDED', `Transaction ${this.transactionId} was ended before; begin another one`);
  }
}
