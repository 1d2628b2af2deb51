import type { MessageView } from '../../model/message.ts';
import type { HalfMessage } from '../../storage/index/transactions.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type TransactionCheck, writeTransactionCheck } from '../../storage/log/transaction-records.ts';
import { logPosition } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { waitingView } from './waiting-view.ts';

/**
 * A check, or the parking of a transaction, on its way to the log: it has counted before anybody is asked. It is written when it joins the group, as messages
 * are: a transaction takes its records in the order of their positions.
 */
class TransactionCheckEntry implements LogEntry {
  readonly #context: DeliveryContext;
  readonly #check: TransactionCheck;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };
  readonly #block: number;
  readonly #record: number;

  constructor(
    context: DeliveryContext,
    what: { check: TransactionCheck; group: CommitGroup },
    settle: { resolve: () => void; reject: (error: Error) => void },
  ) {
    this.#context = context;
    this.#check = what.check;
    this.#settle = settle;
    const builder = what.group.room(48);
    this.#record = builder.begin(RECORD.transactionCheck);
    writeTransactionCheck(builder, this.#check);
    builder.end();
    this.#block = what.group.lastBlock;
  }

  seal(): void {
    // It is written already.
  }

  commit(firstSequence: number): void {
    const position = logPosition(firstSequence + this.#block, this.#record);
    this.#context.store.index.transactions.checked(this.#check.transactionId, this.#check, position);
  }

  settle(): void {
    this.#settle.resolve();
  }

  fail(error: Error): void {
    this.#settle.reject(error);
  }
}

/** Resolves when the check is on disk (kill -9 class). */
export function commitCheck(context: DeliveryContext, check: TransactionCheck): Promise<void> {
  return new Promise((resolve, reject) => {
    const { log } = context.store;
    const group = log.openLater();
    log.join(group, new TransactionCheckEntry(context, { check, group }, { resolve, reject }), 0);
  });
}

/** Messages of a transaction, for reading only, without those whose block is damaged, which is reported. */
export async function halfMessages(context: DeliveryContext, halves: readonly HalfMessage[]): Promise<MessageView[]> {
  const views: MessageView[] = [];
  for (const half of halves) {
    const view = await waitingView(context, half);
    if (view !== undefined) views.push(view);
  }
  return views;
}
