import type { MessageView } from '../../model/message.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { StoredMessage } from '../../storage/log/message-record.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { LeaseOwner } from '../queues/group-port.ts';
import { joinState } from '../queues/join-state.ts';
import { deliveredView } from '../views/message-view.ts';
import type { DeliveryResult, Wanted } from './delivery-of-picks.ts';
import { HandOutEntry } from './hand-out.ts';
import type { Pick } from './pick.ts';

/** Who gets leases, for how long, and who hears of it. */
interface Leasing {
  readonly owner: LeaseOwner;
  readonly invisibleMs: number;
  readonly result: DeliveryResult;
}

/** Writes the hand-out down, and only then shows the messages. */
export function handOut(context: DeliveryContext, wanted: readonly Wanted[], { owner, invisibleMs, result }: Leasing): void {
  if (wanted.length === 0) return context.process.defer(() => result.views([]));
  const entries = wanted.map(({ queue, picks, messages }) => new HandOutEntry(queue, context, { owner, picks, messages, invisibleMs }));
  const done = entries.map((entry) => joinState(context, entry).done());
  const all = done.length === 1 ? (done[0] as Promise<void>) : Promise.all(done);
  all.then(() => {
    const [first] = entries;
    const views =
      entries.length === 1 ? viewsOf(context, first as HandOutEntry, owner) : entries.flatMap((entry) => viewsOf(context, entry, owner));
    result.views(views);
  }, result.failed);
}

function viewsOf(context: DeliveryContext, entry: HandOutEntry, { schemas }: LeaseOwner): MessageView[] {
  const { picks, messages, held, terms } = entry;
  const { topicName: topic, place, endsAtMs } = entry;
  const facts = { topic, place, untilMs: terms.untilMs, endsAtMs, handles: context.handles, schema: schemas?.get(topic) };
  const views: MessageView[] = [];
  for (let i = 0; i < messages.length; i++) {
    const lease = { held: held[i] as UnsettledMessage, leaseNumber: terms.firstLease + i };
    views.push(deliveredView(messages[i] as StoredMessage, facts, (picks[i] as Pick).attempt, lease));
  }
  return views;
}
