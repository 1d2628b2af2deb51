import { PRIORITY_TOPIC } from './flow-system.ts';
import type { ModelGroup } from './model-group.ts';
import { isSure, type ModelDelivery } from './model-message.ts';
import { violation } from './violation.ts';

/** So many messages of a priority topic come from the highest level until the one gets its turn that has waited longest. */
const BEFORE_OLDEST = 15;

/** What waits in a priority topic for a group, before a receive. */
export function backlogOf(group: ModelGroup): Set<ModelDelivery> {
  return new Set([...group.deliveries.values()].filter((delivery) => isOfPriorities(delivery) && isSure(delivery)));
}

/**
 * The highest comes first, but for one of sixteen; and that one is the oldest, so that nothing is overtaken for ever. `deliveries` came out of the
 * backlog and what was uncertain besides, in this order.
 */
export function checkPriorities(group: ModelGroup, backlog: Set<ModelDelivery>, deliveries: readonly ModelDelivery[]): void {
  for (const delivery of deliveries) {
    if (!isOfPriorities(delivery)) continue;
    backlog.delete(delivery);
    checkTurn(group, backlog, delivery);
  }
}

/** A life of the broker may begin with the turn of the oldest, because it goes on with the turns of the one before. */
function checkTurn(group: ModelGroup, backlog: ReadonlySet<ModelDelivery>, { message }: ModelDelivery): void {
  const waiting = [...backlog].map((delivery) => delivery.message);
  const higher = waiting.find((other) => (other.priority ?? 0) > (message.priority ?? 0));
  const older = waiting.find((other) => other.order.to < message.order.from);
  // Who was picked behind messages that turned out to be expired had come into their turns; they are taken from the next ones.
  const expired = [...group.deliveries.values()].filter(mayHaveExpiredInItsTurn).length;
  const turns = group.turns ?? { sinceOldest: BEFORE_OLDEST, overtaking: 0 };
  turns.sinceOldest = Math.min(turns.sinceOldest + (higher === undefined ? 1 : -BEFORE_OLDEST), BEFORE_OLDEST * (1 + expired));
  turns.overtaking = older === undefined ? 0 : turns.overtaking + 1;
  group.turns = turns;
  const came = `${group.name} got ${message.name} of priority ${message.priority}`;
  if (higher !== undefined && older !== undefined)
    throw violation('I5', `${came} before ${higher.name} of ${higher.priority} and ${older.name}, which is older`);
  if (turns.sinceOldest < -expired) throw violation('I5', `${came} before ${higher?.name} of ${higher?.priority} too soon`);
  if (turns.overtaking > BEFORE_OLDEST + (1 + BEFORE_OLDEST) * expired)
    throw violation('I3', `${older?.name} starves in ${group.name}: ${turns.overtaking} messages came while the oldest waited`);
}

function isOfPriorities({ message }: ModelDelivery): boolean {
  return message.topic === PRIORITY_TOPIC;
}

function mayHaveExpiredInItsTurn(delivery: ModelDelivery): boolean {
  const { phase, mayBeExpired } = delivery;
  return mayBeExpired && isOfPriorities(delivery) && (phase === 'ready' || phase === 'unknown');
}
