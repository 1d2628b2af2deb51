import type { GroupProgress } from '../../index.ts';
import { checkDelayed, WHOLE_LIST } from './delay-laws.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import type { ModelGroup } from './model-group.ts';
import { checkTransactions } from './transaction-laws.ts';
import { checkValues } from './unit-laws.ts';
import { violation } from './violation.ts';

/**
 * Compares the broker with the model: nothing lost, nothing invented, what waits and what is pending, values of the application, dedup keys,
 * counts, floors, dead letters and the push consumer's journal.
 */
export async function checkInvariants(model: FlowModel, system: FlowSystem): Promise<void> {
  await system.clock.settle();
  model.timePassed();
  await checkDelayed(model, system);
  await checkTransactions(model, system);
  await checkValues(model, system);
  for (const group of model.groups.values()) {
    await checkDeadLetters(group, system);
    await checkProgress(model, group, system);
  }
  system.pushed.check(model.messages);
  if (!model.hasHoles) checkDoubles(model);
  model.checked();
}

/** A power cut that keeps what was written after something that it took may bring the first one back beside the second. */
function checkDoubles({ keys }: FlowModel): void {
  const doubles = keys.doubles();
  if (doubles === undefined) return;
  const { first, second } = doubles;
  throw violation('I12', `${first.name} and ${second.name} are both stored with the key ${first.dedupKey}, within one window`);
}

async function checkDeadLetters(group: ModelGroup, { broker }: FlowSystem): Promise<void> {
  const { items, nextCursor } = await broker.admin.listDeadLetters(group.name, WHOLE_LIST);
  if (nextCursor !== undefined) throw violation('I1', `more than 1,000 dead letters of ${group.name}`);
  const listed = new Map(items.map((item) => [item.message.text(), item]));
  if (listed.size !== items.length) throw violation('I1', `a message is a dead letter of ${group.name} twice`);
  for (const [name, { attempts }] of listed) {
    const delivery = group.deliveries.get(name);
    if (delivery === undefined) throw violation('I2', `${name} is a dead letter of ${group.name}, which never should have had it`);
    if (delivery.phase === 'unknown') group.settle(delivery, 'dead');
    if (delivery.phase !== 'dead')
      throw violation('I9', `${name} is a dead letter of ${group.name} while it is ${delivery.phase} after ${delivery.attempt} attempts`);
    if (delivery.attemptKnown && attempts !== delivery.attempt) {
      throw violation('I9', `the dead letter ${name} of ${group.name} tells ${attempts} attempts instead of ${delivery.attempt}`);
    }
  }
  for (const { message, attempt } of group.inPhase('dead')) {
    if (!listed.has(message.name)) throw violation('I9', `${message.name} is no dead letter of ${group.name} after ${attempt} attempts`);
  }
}

async function checkProgress({ hasHoles }: FlowModel, group: ModelGroup, { broker }: FlowSystem): Promise<void> {
  const progress = await broker.admin.getGroupProgress(group.name);
  for (const { topic, queueId, priority, floor, frontier } of progress) {
    const key = `${topic}/${queueId}/${priority ?? ''}`;
    if (floor < (group.floors.get(key) ?? 0))
      throw violation('I6', `the floor of ${group.name} in ${key} fell from ${group.floors.get(key)} to ${floor}`);
    if (frontier < floor) throw violation('I6', `the frontier ${frontier} of ${group.name} in ${key} lies below the floor ${floor}`);
    group.floors.set(key, floor);
  }
  const inflight = sum(progress, 'inflight');
  const leased = group.inPhase('leased').length;
  if (inflight !== leased) throw violation('I4', `${inflight} messages of ${group.name} are in flight, where ${leased} were handed out`);
  if (!group.isCertain) return;
  const ready = group.inPhase('ready');
  const lag = sum(progress, 'lag');
  const atMost = ready.length + leased;
  // What is expired counts until its turn has come, and what a filter rules out, or a power cut took from the midst, until it has been looked at.
  const atLeast = atMost - ready.filter(({ mayBeExpired }) => mayBeExpired).length;
  if (lag < atLeast || (group.wantedTag === undefined && !hasHoles && lag > atMost))
    throw violation('I1', `${group.name} has a lag of ${lag}, where ${atLeast} to ${atMost} messages live`);
}

function sum(progress: readonly GroupProgress[], field: 'lag' | 'inflight'): number {
  return progress.reduce((total, queue) => total + queue[field], 0);
}
