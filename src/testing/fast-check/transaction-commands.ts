import * as fc from 'fast-check';
import { type Durability, isBrokerError } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowKind } from './flow-kind.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { describe, durability, halfShapes, plan, type Shape } from './message-shape.ts';
import type { ModelTransaction, TransactionEnd } from './model-transactions.ts';
import { outcomeOf } from './outcome.ts';
import { pick } from './receiving-commands.ts';
import { sent } from './sending-steps.ts';
import { endModel } from './transaction-laws.ts';
import { decide } from './transaction-steps.ts';
import { violation } from './violation.ts';

export const transactionEnd: fc.Arbitrary<TransactionEnd> = fc.constantFrom('commit', 'rollback');

/** Commands that begin transactions, add to them and end them, by their producer, a checker or an admin. */
export function transactionCommands(kinds: readonly FlowKind[]): fc.Arbitrary<FlowCommand>[] {
  const shape = halfShapes(kinds);
  return [
    fc.tuple(fc.array(shape, { minLength: 1, maxLength: 4 }), durability).map(([all, how]) => begin(all, how)),
    fc.tuple(pick, shape, durability).map(([index, one, how]) => addTo(index, one, how)),
    fc.tuple(pick, transactionEnd, durability).map(([index, end, how]) => endByProducer(index, end, how)),
    fc.tuple(pick, transactionEnd).map(([index, end]) => endAgain(index, end)),
    fc.tuple(pick, transactionEnd).map(([index, end]) => answerChecks(index, end)),
    fc.tuple(pick, transactionEnd).map(([index, end]) => resolve(index, end)),
  ];
}

function begin(all: readonly Shape[], how: Durability): FlowCommand {
  return command(`begin([${all.map(describe).join('; ')}], ${how})`, async (model, system) => {
    const transaction = model.transactions.begun(system.producer.beginTransaction());
    for (const one of all) await add(model, system, transaction, one, how);
  });
}

function addTo(index: number, one: Shape, how: Durability): FlowCommand {
  return command(`addTo(${index}, ${describe(one)}, ${how})`, async (model, system) => {
    const transaction = openAt(model, index);
    if (transaction !== undefined) await add(model, system, transaction, one, how);
  });
}

/** A half message: nobody sees it before the commit. */
async function add(model: FlowModel, system: FlowSystem, transaction: ModelTransaction, one: Shape, how: Durability): Promise<void> {
  const planned = plan(model, system, one, transaction);
  const receipt = await transaction.handle?.send(planned[1], { durability: how });
  if (receipt === undefined) throw new Error('a transaction without its handle cannot grow');
  sent(model, planned, receipt);
  if (receipt.duplicate !== true) transaction.messages.push(planned[0]);
  if (how === 'sync') model.barrierPassed();
}

function endByProducer(index: number, end: TransactionEnd, how: Durability): FlowCommand {
  return command(`${end}(${index}, ${how})`, async (model, system) => {
    const transaction = openAt(model, index);
    if (transaction?.handle === undefined) return;
    await transaction.handle[end]({ durability: how });
    decide(model, system, transaction.transactionId, end);
    endModel(model, transaction, end);
    // Of one whose messages were all duplicates nothing is written.
    if (how === 'sync' && transaction.messages.length > 0) model.barrierPassed();
  });
}

/** A second end is refused, whoever tries it. */
function endAgain(index: number, end: TransactionEnd): FlowCommand {
  return command(`endAgain(${index}, ${end})`, async (model, system) => {
    const ended = model.transactions.inState('committed', 'rolledBack');
    const transaction = ended[index % Math.max(1, ended.length)];
    if (transaction === undefined) return;
    const { handle, transactionId } = transaction;
    const isByProducer = handle !== undefined && index % 2 === 0;
    const outcome = await outcomeOf(isByProducer ? handle[end]() : system.broker.admin.resolveTransaction(transactionId, end));
    if (!isRefusal(outcome)) throw violation('I7', `a second end of ${transactionId} was answered by ${String(outcome)}`);
  });
}

/** From now on the application knows what a check asks for. */
function answerChecks(index: number, end: TransactionEnd): FlowCommand {
  return command(`answerChecks(${index}, ${end})`, async (model, system) => {
    const open = model.transactions.inState('open');
    const transaction = open[index % Math.max(1, open.length)];
    if (transaction !== undefined) decide(model, system, transaction.transactionId, end);
  });
}

/** Somebody ends a transaction in its producer's place, pending or parked. */
function resolve(index: number, end: TransactionEnd): FlowCommand {
  return command(`resolve(${index}, ${end})`, async (model, system) => {
    const open = model.transactions.inState('open').filter(({ messages }) => messages.some(({ state }) => state === 'half'));
    const transaction = open[index % Math.max(1, open.length)];
    if (transaction === undefined) return;
    await system.broker.admin.resolveTransaction(transaction.transactionId, end);
    endModel(model, transaction, end);
    model.barrierPassed();
  });
}

/** One that the process of today has begun. */
export function openAt(model: FlowModel, index: number): ModelTransaction | undefined {
  const open = model.transactions.inState('open').filter(({ handle }) => handle !== undefined);
  return open[index % Math.max(1, open.length)];
}

/** Nobody remembers the end of a transaction for ever. */
export function isRefusal(outcome: unknown): boolean {
  return isBrokerError(outcome) && (outcome.code === 'MQ_TRANSACTION_ENDED' || outcome.code === 'MQ_INVALID_TRANSACTION_ID');
}
