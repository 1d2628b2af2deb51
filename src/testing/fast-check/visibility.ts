import type { ModelGroup } from './model-group.ts';
import { isSure, type ModelDelivery } from './model-message.ts';

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

/** A delivery told where its message lies, which may not have been known before. */
export function isInOrder(group: ModelGroup, delivery: ModelDelivery): boolean {
  const { topic, messageGroup } = delivery.message;
  if (messageGroup === undefined) return true;
  const isBefore = (other: ModelDelivery): boolean =>
    other !== delivery && other.message.topic === topic && other.message.messageGroup === messageGroup && blocks(other, delivery);
  return ![...group.deliveries.values()].some(isBefore);
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
  const isSurelyThere = lives && !earlier.mayBeExpired && !earlier.message.mayBeLost;
  if (!isSurelyThere || earlier.redriven || delivery.redriven) return false;
  const [first, second] = [earlier.message.place, delivery.message.place];
  return first !== undefined && second !== undefined && first.queueOffset < second.queueOffset;
}
