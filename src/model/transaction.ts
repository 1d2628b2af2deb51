import type { Durability, MessageView, SendReceipt } from './message.ts';
import type { SendOptions } from './send-options.ts';
import type { MessageTo } from './typed-message.ts';
import type { Topic } from './typed-topic.ts';

/**
 * What a transaction checker knows of a transaction: its local work was done, was not, or is still under way.
 * @public
 * @since 0.2.0
 */
export type TransactionResolution = 'commit' | 'rollback' | 'unknown';

/**
 * The whole of a transaction that is asked about.
 * @public
 * @since 0.2.0
 */
export interface TransactionCheckContext {
  /** As of the transaction that was begun. */
  readonly transactionId: string;
  /** All its messages, in the order of their sends; none of them can be acknowledged. */
  readonly messages: readonly MessageView[];
}

/**
 * Tells what became of a transaction that nobody has ended. To throw counts as `'unknown'`.
 * @public
 * @since 0.2.0
 */
export type TransactionChecker = (
  message: MessageView,
  context: TransactionCheckContext,
) => TransactionResolution | Promise<TransactionResolution>;

/**
 * When and how often producers are asked about transactions that nobody has ended.
 * @public
 * @since 0.2.0
 */
export interface TransactionOptions {
  /** How long after its last message a transaction is left alone, milliseconds; default 6,000. */
  readonly checkImmunityMs?: number | undefined;
  /** Between two checks, milliseconds; default 30,000. */
  readonly checkIntervalMs?: number | undefined;
  /** Checks until it is parked; default 15. */
  readonly maxChecks?: number | undefined;
}

/**
 * Options of the end of a transaction.
 * @public
 * @since 0.2.0
 */
export interface EndTransactionOptions {
  /** Default: the broker's. */
  readonly durability?: Durability | undefined;
}

/**
 * Messages on any number of topics that become visible together, or not at all. Nobody sees them before the commit.
 * @public
 * @since 0.2.0
 */
export interface Transaction {
  /** 34 hexadecimal digits. */
  readonly transactionId: string;
  /**
   * Stores a message of the transaction; its receipt has no place in a queue yet. Errors as `Producer.send`; a delivery time is refused.
   * @throws BrokerError `MQ_TRANSACTION_ENDED`
   */
  send<To extends string | Topic>(message: MessageTo<To>, options?: SendOptions): Promise<SendReceipt>;
  /**
   * Makes all messages visible in one step, after the sends under way.
   * @throws BrokerError `MQ_TRANSACTION_ENDED` when it was ended before, also by a check or an admin; after any other error it can be ended again
   */
  commit(options?: EndTransactionOptions): Promise<void>;
  /** Gives all messages up. Errors as `commit`. */
  rollback(options?: EndTransactionOptions): Promise<void>;
}
