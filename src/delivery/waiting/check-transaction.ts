import type { MessageView } from '../../model/message.ts';
import type { HalfMessage } from '../../storage/index/transactions.ts';
import type { GroupSpace, LogEntry } from '../../storage/log/log-entry.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type TransactionCheck, writeTransactionCheck } from '../../storage/log/transaction-records.ts';
import { logPosition } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { waitingView } from './waiting-view.ts';

/** A check, or the parking of a transaction, on its way to the log: it has counted before anybody is asked. */
class TransactionCheckEntry implements LogEntry {
  readonly #context: DeliveryContext;
  readonly #check: TransactionCheck;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };
  #block = 0;
  #record = 0;

  constructor(context: DeliveryContext, check: TransactionCheck, settle: { resolve: () => void; reject: (error: Error) => void }) {
    this.#context = context;
    this.#check = check;
    this.#settle = settle;
  }

  seal(space: GroupSpace): void {
    const builder = space.room(48);
    this.#record = builder.begin(RECORD.transactionCheck);
    writeTransactionCheck(builder, this.#check);
    builder.end();
    this.#block = space.lastBlock;
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
    log.join(log.openLater(), new TransactionCheckEntry(context, check, { resolve, reject }), 0);
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
