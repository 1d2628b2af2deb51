import type { MessageView } from '../../index.ts';
import { WHOLE_LIST } from './delay-laws.ts';
import type { FlowModel } from './flow-model.ts';
import { type FlowSystem, GROUPS } from './flow-system.ts';
import { checkInvariants } from './invariants.ts';
import type { ModelGroup } from './model-group.ts';
import { receiveAndCheck } from './receiving-steps.ts';
import { decide } from './transaction-steps.ts';
import { violation } from './violation.ts';

/** Longer than every lease and every wait of the commands. */
const ALL_OVER_MS = 13 * 3_600_000;
/** Messages that had to do with a crash come one at a time. */
const MOST_ROUNDS = 2_000;

/**
 * Runs everything to its end: transactions are ended, what waits comes due, and every message that lives must be delivered, acknowledged or
 * dead-lettered.
 */
export async function checkLiveness(model: FlowModel, system: FlowSystem): Promise<void> {
  decideTransactions(model, system);
  await resolveParked(system);
  reachInstants(model, system);
  await system.broker.drain();
  await system.clock.advance(ALL_OVER_MS);
  // A power cut may have undone a parking and left the checks before it, so that only the time that has passed now has led to it again.
  await resolveParked(system);
  await system.broker.drain();
  await checkInvariants(model, system);
  checkNothingWaits(model);
  for (const group of model.groups.values()) await receiveAll(model, system, group);
  await checkInvariants(model, system);
  checkPushed(model, system);
}

/** The application knows what becomes of each of them. */
function decideTransactions(model: FlowModel, system: FlowSystem): void {
  for (const [index, { transactionId, possibleEnds }] of model.transactions.inState('open').entries()) {
    const [end = index % 2 === 0 ? 'commit' : 'rollback'] = possibleEnds;
    decide(model, system, transactionId, end);
  }
}

/** Somebody decides about those that are parked. */
async function resolveParked({ broker, decisions }: FlowSystem): Promise<void> {
  for (const { transactionId } of (await broker.admin.listTransactions({ state: 'parked' }, WHOLE_LIST)).items)
    await broker.admin.resolveTransaction(transactionId, decisions.get(transactionId) === 'commit' ? 'commit' : 'rollback');
}

/** The wall clock may have been set back any number of times. */
function reachInstants(model: FlowModel, { clock }: FlowSystem): void {
  const latestMs = Math.max(clock.now(), ...Array.from(model.messages.values(), ({ wait }) => wait?.atMs ?? 0));
  model.time.steps(latestMs - clock.now());
  clock.set(latestMs);
}

function checkNothingWaits({ messages, transactions }: FlowModel): void {
  for (const { name, state } of messages.values()) if (state === 'waiting') throw violation('I3', `${name} waits for its time for ever`);
  for (const { transactionId, messages: halves } of transactions.inState('open'))
    if (halves.some(({ state }) => state === 'half')) throw violation('I3', `the transaction ${transactionId} is pending for ever`);
}

async function receiveAll(model: FlowModel, system: FlowSystem, group: ModelGroup): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const deliveries = await receiveAndCheck(model, system, { group: group.name, maxMessages: 1_000, invisibleDurationMs: 60_000 });
    if (deliveries.length === 0) break;
    await system.consumer(group.name).ack(deliveries.map(({ view }) => view as MessageView));
    for (const delivery of deliveries) group.settle(delivery, 'acked');
  }
  await checkInvariants(model, system);
  for (const { message, phase, mayBeSettled, mayBeExpired } of group.deliveries.values()) {
    if (phase === 'acked' || phase === 'dead' || message.mayBeLost || mayBeExpired || (phase === 'unknown' && mayBeSettled)) continue;
    throw violation('I1', `${message.name} lives in ${group.name} (${phase}), and nothing brings it`);
  }
}

function checkPushed(model: FlowModel, { pushed }: FlowSystem): void {
  if (!pushed.isCertain) return;
  for (const message of model.messages.values()) {
    if (message.mayBeLost || message.state !== 'visible' || message.ttlMs !== undefined || pushed.isDone(message)) continue;
    throw violation('I3', `${message.name} never came to its end in ${GROUPS.pushed}`);
  }
}
