import type { FlowModel } from './flow-model.ts';
import { PRIORITY_TOPIC } from './flow-system.ts';
import type { ModelGroup } from './model-group.ts';
import { isSure, type ModelDelivery } from './model-message.ts';
import { violation } from './violation.ts';

/** So many messages of a priority topic come until the one gets its turn that has waited longest. */
const OLDEST_EVERY = 16;

/** What waits in a priority topic for a group, before a receive. */
export function backlogOf(group: ModelGroup): Set<ModelDelivery> {
  return new Set([...group.deliveries.values()].filter((delivery) => delivery.message.topic === PRIORITY_TOPIC && isSure(delivery)));
}

/**
 * The highest comes first, but for one of sixteen; and that one is the oldest, so that nothing is overtaken for ever. `deliveries` came out of the
 * backlog and what was uncertain besides, in this order.
 */
export function checkPriorities(
  model: FlowModel,
  group: ModelGroup,
  backlog: Set<ModelDelivery>,
  deliveries: readonly ModelDelivery[],
): void {
  for (const delivery of deliveries) {
    if (delivery.message.topic !== PRIORITY_TOPIC) continue;
    backlog.delete(delivery);
    delivery.overtaken = 0;
    checkHighest(group, backlog, delivery);
    for (const other of backlog) checkStarving(model, group, other);
  }
}

/** A life of the broker may begin with the turn of the oldest, because it goes on with the turns of the one before. */
function checkHighest(group: ModelGroup, backlog: ReadonlySet<ModelDelivery>, { message }: ModelDelivery): void {
  const turns = group.turns.get(PRIORITY_TOPIC) ?? { taken: OLDEST_EVERY - 1, lower: 0 };
  group.turns.set(PRIORITY_TOPIC, turns);
  turns.taken++;
  const higher = [...backlog].find((other) => levelOf(other) > (message.priority ?? 0));
  if (higher === undefined) return;
  turns.lower++;
  // Who was picked behind messages that turned out to be expired had come into their turns; they are taken from the next ones.
  const expired = [...group.deliveries.values()].filter(({ mayBeExpired }) => mayBeExpired).length;
  if (turns.lower * OLDEST_EVERY > turns.taken + expired)
    throw violation(
      'I5',
      `${group.name} got ${message.name} of priority ${message.priority} before ${higher.message.name} of ${levelOf(higher)}`,
    );
}

/** Each older message may take the turn of the oldest as often as it can be delivered. */
function checkStarving(model: FlowModel, group: ModelGroup, delivery: ModelDelivery): void {
  const { name, order } = delivery.message;
  delivery.overtaken++;
  const older = [...model.messages.values()].filter(
    (other) => other.topic === PRIORITY_TOPIC && other.name !== name && other.order <= order,
  );
  if (delivery.overtaken >= OLDEST_EVERY * (1 + older.length * group.maxAttempts))
    throw violation('I3', `${name} starves in ${group.name}: ${delivery.overtaken} messages came while it was visible`);
}

function levelOf({ message }: ModelDelivery): number {
  return message.priority ?? 0;
}
