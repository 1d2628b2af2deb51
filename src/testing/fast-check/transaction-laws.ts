import type { TransactionInfo } from '../../index.ts';
import { WHOLE_LIST } from './delay-laws.ts';
import type { FlowModel } from './flow-model.ts';
import { type FlowSystem, MAX_CHECKS } from './flow-system.ts';
import { isStored } from './model-message.ts';
import type { ModelTransaction, TransactionEnd } from './model-transactions.ts';
import { violation } from './violation.ts';

/**
 * Holds the transactions against the model (I7): one that is not listed any more has ended, and only an end that somebody asked for may have ended
 * it; one that has ended is not listed again; and what is listed has all its messages.
 */
export async function checkTransactions(model: FlowModel, system: FlowSystem): Promise<void> {
  if (model.transactions.all.length === 0) return;
  const { items } = await system.broker.admin.listTransactions({}, WHOLE_LIST);
  const listed = new Map(items.map((item) => [item.transactionId, item]));
  for (const transaction of model.transactions.all) {
    const info = listed.get(transaction.transactionId);
    listed.delete(transaction.transactionId);
    if (info === undefined) notListed(model, transaction);
    else isListed(model, system, transaction, info);
    transaction.mayBeUndone = false;
    for (const message of transaction.messages) message.mayBeUndone = false;
  }
  // Those of the application are on its own topics.
  for (const { transactionId, messages } of listed.values())
    if (messages.some(({ topic }) => system.allTopics.includes(topic)))
      throw violation('I7', `nobody has begun the transaction ${transactionId}, which is pending`);
}

/** The transaction ends, or is found ended: all its messages become visible, or none does. */
export function endModel(model: FlowModel, transaction: ModelTransaction, end: TransactionEnd, since: 'now' | 'lastCheck' = 'now'): void {
  Object.assign(transaction, { state: end === 'commit' ? 'committed' : 'rolledBack', durable: false });
  const halves = transaction.messages.filter(({ state }) => state === 'half');
  if (end === 'commit') for (const half of halves) model.appear([half], since);
  else for (const half of halves) model.hide(half, 'gone');
}

function isListed(model: FlowModel, system: FlowSystem, transaction: ModelTransaction, info: TransactionInfo): void {
  const { transactionId, state, mayBeUndone, messages } = transaction;
  if (state !== 'open') {
    if (!mayBeUndone) throw violation('I7', `the transaction ${transactionId} is pending, though it was ${state}`);
    transaction.state = 'open';
  }
  const names = new Set(info.messages.map((message) => message.text()));
  for (const message of messages) {
    const isThere = names.delete(message.name);
    if (isThere && message.state === 'half') message.mayBeLost = false;
    else if (isThere && mayBeUndone) {
      model.hide(message, 'half');
      message.mayBeLost = false;
    } else if (isThere) throw violation('I7', `the transaction ${transactionId} has ${message.name}, which is ${message.state}`);
    else if (isStored(message)) throw violation('I7', `the pending transaction ${transactionId} has lost ${message.name}`);
    else model.hide(message, 'gone');
  }
  for (const name of names) throw violation('I7', `the transaction ${transactionId} has ${name}, which was not sent in it`);
  checkParking(system, transaction, info);
}

/** After a power cut checks may have been undone, so that there are more of them. */
function checkParking(system: FlowSystem, { transactionId, deaths }: ModelTransaction, { state }: TransactionInfo): void {
  const asked = system.checksOf(transactionId);
  if (state === 'parked' && asked + deaths < MAX_CHECKS)
    throw violation('I7', `the transaction ${transactionId} is parked after ${asked} checks`);
}

/** It has ended, or there never was anything of it. */
function notListed(model: FlowModel, transaction: ModelTransaction): void {
  const { transactionId, state, messages, possibleEnds } = transaction;
  if (state !== 'open') return stillEnded(model, transaction);
  const halves = messages.filter((message) => message.state === 'half');
  if (halves.length === 0) return;
  if (possibleEnds.size === 0) {
    const stored = halves.find(isStored);
    if (stored !== undefined)
      throw violation('I7', `the transaction ${transactionId} with ${stored.name} has ended, though nobody ended it`);
    for (const half of halves) model.hide(half, 'gone');
    return;
  }
  // Where nobody can tell which one it was, the first message that comes does.
  if (possibleEnds.size > 1) for (const half of halves) half.mayBeLost = true;
  endModel(model, transaction, possibleEnds.has('commit') ? 'commit' : 'rollback', 'lastCheck');
}

/** A power cut may have taken all of it, with its end. */
function stillEnded(model: FlowModel, { state, mayBeUndone, messages }: ModelTransaction): void {
  if (!mayBeUndone || state !== 'committed') return;
  // Where something of it is left for sure, its end is too.
  const [first] = messages.filter(isStored);
  if (first !== undefined) model.proved(first);
}
