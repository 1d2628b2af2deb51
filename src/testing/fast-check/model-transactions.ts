import type { Transaction } from '../../index.ts';
import type { MessagesTogether, ModelMessage } from './model-message.ts';

export type TransactionEnd = 'commit' | 'rollback';

/** A transaction that was begun. */
export interface ModelTransaction extends MessagesTogether {
  readonly transactionId: string;
  /** By which it is ended; `undefined` once the process that began it has ended: only a checker or an admin ends it then. */
  handle: Transaction | undefined;
  readonly messages: ModelMessage[];
  state: MessagesTogether['state'];
  /** Ends that may have happened without that anybody was told: what a checker answers, an end that was cut off. */
  readonly possibleEnds: Set<TransactionEnd>;
  /** How often a checker was asked, at most: deaths may have counted checks that nobody saw. */
  deaths: number;
  /** False while a power cut may undo its end. */
  durable: boolean;
  /** A power cut may have undone its end: the next look at the broker tells. */
  mayBeUndone: boolean;
}

/** The transactions of a flow, in the order in which they were begun. */
export class ModelTransactions {
  readonly all: ModelTransaction[] = [];

  begun(handle: Transaction): ModelTransaction {
    const transaction: ModelTransaction = {
      transactionId: handle.transactionId,
      handle,
      messages: [],
      state: 'open',
      possibleEnds: new Set(),
      deaths: 0,
      durable: false,
      mayBeUndone: false,
    };
    this.all.push(transaction);
    return transaction;
  }

  inState(...states: readonly ModelTransaction['state'][]): ModelTransaction[] {
    return this.all.filter(({ state }) => states.includes(state));
  }

  processEnded(): void {
    for (const transaction of this.all) {
      transaction.handle = undefined;
      transaction.deaths++;
    }
  }

  barrierPassed(): void {
    for (const transaction of this.all) transaction.durable = transaction.state !== 'open';
  }

  powerLost(): void {
    for (const transaction of this.all) transaction.mayBeUndone = !transaction.durable;
  }
}
