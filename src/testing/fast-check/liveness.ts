import type { MessageView } from '../../index.ts';
import type { FlowModel, ModelGroup } from './flow-model.ts';
import { type FlowSystem, GROUPS } from './flow-system.ts';
import { checkInvariants } from './invariants.ts';
import { violation } from './push-journal.ts';
import { receiveAndCheck } from './receiving-steps.ts';

/** Longer than every lease and every wait of the commands. */
const ALL_OVER_MS = 13 * 3_600_000;
/** Messages that had to do with a crash come one at a time. */
const MOST_ROUNDS = 2_000;

/** Runs everything to its end: every message that lives must be delivered, acknowledged or dead-lettered. */
export async function checkLiveness(model: FlowModel, system: FlowSystem): Promise<void> {
  await system.broker.drain();
  await system.clock.advance(ALL_OVER_MS);
  model.timePassed(system.clock.monotonic());
  await checkInvariants(model, system);
  for (const group of model.groups.values()) await receiveAll(model, system, group);
  await checkInvariants(model, system);
  checkPushed(model, system);
}

async function receiveAll(model: FlowModel, system: FlowSystem, group: ModelGroup): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const deliveries = await receiveAndCheck(model, system, { group: group.name, maxMessages: 1_000, invisibleDurationMs: 60_000 });
    if (deliveries.length === 0) break;
    await system.consumer(group.name).ack(deliveries.map(({ view }) => view as MessageView));
    for (const delivery of deliveries) group.settle(delivery, 'acked');
  }
  await checkInvariants(model, system);
  for (const { message, phase, mayBeSettled } of group.deliveries.values()) {
    if (phase === 'acked' || phase === 'dead' || message.mayBeLost || (phase === 'unknown' && mayBeSettled)) continue;
    throw violation('I1', `${message.name} lives in ${group.name} (${phase}), and nothing brings it`);
  }
}

function checkPushed(model: FlowModel, { pushed }: FlowSystem): void {
  if (!pushed.isCertain) return;
  for (const message of model.messages.values()) {
    if (message.mayBeLost || message.place === undefined || pushed.isDone(message)) continue;
    throw violation('I3', `${message.name} never came to its end in ${GROUPS.pushed}`);
  }
}
