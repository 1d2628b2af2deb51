import type { PendingTransaction } from '../storage/index/transactions.ts';

/** Whoever asks producers what became of their transactions. */
export interface TransactionCheckPort {
  /** A transaction got a message: the time until its first check begins anew. */
  halfStored(transaction: PendingTransaction): void;
  /** Nobody has to be asked any more. */
  ended(transaction: PendingTransaction): void;
}
