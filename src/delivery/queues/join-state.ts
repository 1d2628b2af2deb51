import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from './group-queue.ts';
import { MemberTurn } from './member-state.ts';
import type { StateEntry } from './state-entry.ts';

/** Changes that take effect together; nothing joins any more once it is sealed. */
export type StateGroup = CommitGroup | MemberTurn;

/** What a change of a queue's state joins now: the next commit of the log, or the turn of the broadcast member whose queue it is. */
export function openState(context: DeliveryContext, queue: GroupQueue): StateGroup {
  const { memberState } = queue.group;
  return memberState === undefined ? context.store.log.openLater() : memberState.openTurn();
}

/** The one way on which a change of delivery state takes effect. */
export function joinState<T extends StateEntry>(
  context: DeliveryContext,
  entry: T,
  group: StateGroup = openState(context, entry.queue),
): T {
  if (group instanceof MemberTurn) group.entries.push(entry);
  else context.store.log.join(group, entry, 0);
  return entry;
}
