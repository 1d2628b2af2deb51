import * as fc from 'fast-check';
import { isBrokerError } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import { crashAmid, overFailure, reopenAfterCrash, turnsUntilDeath } from './mishaps.ts';
import type { TransactionEnd } from './model-transactions.ts';
import { outcomeOf } from './outcome.ts';
import { pick } from './receiving-commands.ts';
import { isRefusal, openAt, transactionEnd } from './transaction-commands.ts';
import { endModel } from './transaction-laws.ts';
import { decide } from './transaction-steps.ts';
import { violation } from './violation.ts';

/** Commands in which the end of a transaction meets another end, a crash or a write that fails. */
export function transactionRaces(): fc.Arbitrary<FlowCommand>[] {
  return [
    fc.tuple(pick, transactionEnd, fc.nat(3)).map(([index, end, turns]) => endsTogether(index, end, turns)),
    fc.tuple(pick, transactionEnd, turnsUntilDeath).map(([index, end, turns]) => endCutOff(index, end, turns)),
    fc.tuple(pick, transactionEnd, fc.boolean()).map(([index, end, applied]) => endOverFailure(index, end, applied)),
  ];
}

/** Its producer and an admin want different ends of one transaction: one of them has it, the other is refused. */
function endsTogether(index: number, end: TransactionEnd, turns: number): FlowCommand {
  return command(`endsTogether(${index}, ${end} by the producer, the other after ${turns} turns)`, async (model, system) => {
    const transaction = openAt(model, index);
    if (transaction?.handle === undefined || !transaction.messages.some(({ state }) => state === 'half')) return;
    const { transactionId, handle } = transaction;
    const other = end === 'commit' ? 'rollback' : 'commit';
    const ending = outcomeOf(handle[end]());
    for (let i = 0; i < turns; i++) await undefined;
    const outcomes = await Promise.all([ending, outcomeOf(system.broker.admin.resolveTransaction(transactionId, other))]);
    const refused = outcomes.filter((outcome) => outcome instanceof Error);
    if (refused.length !== 1 || !isRefusal(refused[0]))
      throw violation('I7', `two ends of ${transactionId} were answered by ${outcomes.map(String).join(' and ')}`);
    endModel(model, transaction, outcomes[0] === undefined ? end : other);
    model.barrierPassed();
  });
}

/** The process dies while a transaction is ended: it has ended afterwards, or it has not. */
function endCutOff(index: number, end: TransactionEnd, turns: number): FlowCommand {
  return command(`endCutOff(${index}, ${end}, after ${turns} turns)`, async (model, system) => {
    const transaction = openAt(model, index);
    if (transaction?.handle === undefined) return;
    decide(model, system, transaction.transactionId, end);
    const ending = outcomeOf(transaction.handle[end]());
    await crashAmid(system, turns, [ending]);
    transaction.possibleEnds.add(end);
    if ((await ending) === undefined) endModel(model, transaction, end);
    await reopenAfterCrash(model, system);
  });
}

/** The broker heals, and what is on the disk decides. */
function endOverFailure(index: number, end: TransactionEnd, applied: boolean): FlowCommand {
  return command(`endOverFailure(${index}, ${end}, applied ${applied})`, async (model, system) => {
    const transaction = openAt(model, index);
    const { handle } = transaction ?? {};
    if (transaction === undefined || handle === undefined) return;
    decide(model, system, transaction.transactionId, end);
    const outcome = await overFailure(model, system, applied, () => handle[end]());
    model.barrierPassed();
    if (outcome === undefined) endModel(model, transaction, end);
    else if (!isBrokerError(outcome) || outcome.code !== 'MQ_STORE_WRITE_FAILED')
      throw violation('I7', `a failed end became ${String(outcome)}`);
  });
}
