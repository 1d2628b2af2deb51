import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import type { TransactionEnd } from './model-transactions.ts';

/** The application has done its part, or given it up: that is what a checker answers from now on. */
export function decide(model: FlowModel, system: FlowSystem, transactionId: string, end: TransactionEnd): void {
  if (system.decisions.has(transactionId)) return;
  system.decisions.set(transactionId, end);
  model.transactions.all.find((transaction) => transaction.transactionId === transactionId)?.possibleEnds.add(end);
}
