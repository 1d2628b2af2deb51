import type { Delivery } from '../delivery/delivery.ts';
import { halfMessages } from '../delivery/waiting/check-transaction.ts';
import { endTransaction } from '../delivery/waiting/end-transaction.ts';
import type { ListTransactionsRequest, Page, PageRequest, TransactionInfo } from '../model/admin.ts';
import { illegalArgument } from '../model/errors.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import { quoted } from '../model/quoted.ts';
import { pageByName } from './page.ts';

const KNOWN: ReadonlySet<string> = new Set(['state']);

/** Transactions that are not ended, as administration shows and ends them. */
export class TransactionAdmin {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async listTransactions(request: ListTransactionsRequest = {}, page?: PageRequest): Promise<Page<TransactionInfo>> {
    checkFieldNames('listTransactions', requireObject('The request of listTransactions', request), KNOWN);
    const { state } = request;
    if (state !== undefined && state !== 'pending' && state !== 'parked')
      throw illegalArgument(`state must be 'pending' or 'parked', not ${quoted(state)}`);
    const { context } = this.#delivery;
    const wanted = [...context.store.index.transactions.pending.values()].filter(
      ({ parked }) => state === undefined || parked === (state === 'parked'),
    );
    const { items, ...rest } = pageByName(
      wanted.map((transaction) => ({ name: transaction.transactionId, transaction })),
      page,
    );
    const infos = items.map(async ({ transaction }): Promise<TransactionInfo> => {
      const { transactionId, parked, checks, beganAtMs, halves } = transaction;
      return { transactionId, state: parked ? 'parked' : 'pending', checks, beganAtMs, messages: await halfMessages(context, halves) };
    });
    return { items: await Promise.all(infos), ...rest };
  }

  async resolveTransaction(transactionId: string, outcome: 'commit' | 'rollback'): Promise<void> {
    if (typeof transactionId !== 'string') throw illegalArgument(`A transaction id must be a string, not ${quoted(transactionId)}`);
    if (outcome !== 'commit' && outcome !== 'rollback')
      throw illegalArgument(`A transaction is ended by 'commit' or 'rollback', not ${quoted(outcome)}`);
    const { context, topics } = this.#delivery;
    await endTransaction(context, topics, transactionId, { outcome, durability: 'sync' });
  }
}
