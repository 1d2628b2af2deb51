import type { GroupProgress } from '../../index.ts';
import type { FlowModel, ModelDelivery, ModelGroup } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { violation } from './push-journal.ts';

/** Compares the broker with the model: nothing lost, nothing invented, counts, floors, dead letters and the push consumer's journal. */
export async function checkInvariants(model: FlowModel, system: FlowSystem): Promise<void> {
  await system.clock.settle();
  for (const group of model.groups.values()) {
    await checkDeadLetters(group, system);
    await checkProgress(group, system);
  }
  system.pushed.check(model.messages);
}

async function checkDeadLetters(group: ModelGroup, { broker }: FlowSystem): Promise<void> {
  const { items, nextCursor } = await broker.admin.listDeadLetters(group.name, { limit: 1_000 });
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

async function checkProgress(group: ModelGroup, { broker }: FlowSystem): Promise<void> {
  const progress = await broker.admin.getGroupProgress(group.name);
  for (const { topic, queueId, floor, frontier } of progress) {
    const key = `${topic}/${queueId}`;
    if (floor < (group.floors.get(key) ?? 0))
      throw violation('I6', `the floor of ${group.name} in ${key} fell from ${group.floors.get(key)} to ${floor}`);
    if (frontier < floor) throw violation('I6', `the frontier ${frontier} of ${group.name} in ${key} lies below the floor ${floor}`);
    group.floors.set(key, floor);
  }
  const inflight = sum(progress, 'inflight');
  const leased = group.inPhase('leased').length;
  if (inflight !== leased) throw violation('I4', `${inflight} messages of ${group.name} are in flight, where ${leased} were handed out`);
  if (!group.isCertain) return;
  const live = group.inPhase('ready').length + leased;
  const lag = sum(progress, 'lag');
  // What a filter rules out counts until it has been looked at.
  if (group.wantedTag === undefined ? lag !== live : lag < live)
    throw violation('I1', `${group.name} has a lag of ${lag}, where ${live} messages live`);
}

function sum(progress: readonly GroupProgress[], field: 'lag' | 'inflight'): number {
  return progress.reduce((total, queue) => total + queue[field], 0);
}

/** What the next receive of a group may bring. */
export interface Deliverable {
  readonly allowed: ReadonlySet<ModelDelivery>;
  /** A receive must bring something: it may answer with less than there is, but not with nothing. */
  readonly isSomethingSure: boolean;
}

/** What is visible to a group now. */
export function deliverable(group: ModelGroup): Deliverable {
  const allowed = new Set<ModelDelivery>();
  let isSomethingSure = false;
  for (const members of byMessageGroup(group)) {
    const visible = members.filter((delivery) => isVisible(delivery, members));
    for (const delivery of visible) allowed.add(delivery);
    const isSure = ({ phase, suspect, message }: ModelDelivery): boolean => phase === 'ready' && !suspect && !message.mayBeLost;
    // In a message group the uncertainty of one makes it uncertain who is first.
    const isOrdered = members[0]?.message.messageGroup !== undefined;
    isSomethingSure ||= isOrdered ? visible.length > 0 && visible.every(isSure) : visible.some(isSure);
  }
  return { allowed, isSomethingSure };
}

/** Messages without a message group are one set, in which nobody waits for anybody. */
function byMessageGroup(group: ModelGroup): Iterable<ModelDelivery[]> {
  const sets = new Map<string, ModelDelivery[]>();
  for (const delivery of group.deliveries.values()) {
    const { topic, messageGroup } = delivery.message;
    const key = messageGroup === undefined ? '' : `${topic} ${messageGroup}`;
    const members = sets.get(key);
    if (members === undefined) sets.set(key, [delivery]);
    else members.push(delivery);
  }
  return sets.values();
}

function isVisible(delivery: ModelDelivery, members: readonly ModelDelivery[]): boolean {
  if (delivery.phase !== 'ready' && delivery.phase !== 'unknown') return false;
  if (delivery.message.messageGroup === undefined) return true;
  return members.every((other) => other === delivery || !blocks(other, delivery));
}

/** Whether a message has to be settled before another one of its message group may be delivered. */
function blocks(earlier: ModelDelivery, delivery: ModelDelivery): boolean {
  if (earlier.phase === 'leased') return true;
  // A message that came back follows whatever its group has reached meanwhile.
  const lives = earlier.phase === 'ready' || (earlier.phase === 'unknown' && !earlier.mayBeSettled);
  if (!lives || earlier.redriven || delivery.redriven || earlier.message.mayBeLost) return false;
  const [first, second] = [earlier.message.place, delivery.message.place];
  return first !== undefined && second !== undefined && first.queueOffset < second.queueOffset;
}
