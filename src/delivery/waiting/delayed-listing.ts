import type { DelayedMessage } from '../../model/admin.ts';
import { TIMER_KINDS, type TimerKind } from '../../storage/index/delays.ts';
import type { TimerEntry } from '../../storage/index/timer-rows.ts';
import type { LogPosition } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topic } from '../topic.ts';
import { waitingView } from './waiting-view.ts';

/** A place in the order of what waits. */
export interface DelayedPlace {
  readonly dueAtMs: number;
  readonly position: LogPosition;
}

/** Messages of a topic that wait behind a place, by their time; the two kinds of timers are merged. */
export async function* delayedMessages(
  context: DeliveryContext,
  topic: Topic,
  after: DelayedPlace,
): AsyncGenerator<{ readonly place: DelayedPlace; readonly read: () => Promise<DelayedMessage | undefined> }> {
  const { store } = context;
  const sources = TIMER_KINDS.map((kind) => ({ kind, entries: store.index.delays.of(kind).list(after, (read) => store.overHeals(read)) }));
  const heads = await Promise.all(sources.map(({ entries }) => entries.next()));
  for (;;) {
    let first = -1;
    for (const [index, head] of heads.entries()) {
      if (!head.done && (first < 0 || isBefore(head.value, heads[first]?.value as TimerEntry))) first = index;
    }
    const source = sources[first];
    if (source === undefined) return;
    const entry = heads[first]?.value as TimerEntry;
    heads[first] = await source.entries.next();
    if (entry.topicId === topic.record.topicId) yield { place: entry, read: () => read(context, topic, source.kind, entry) };
  }
}

/** Nothing where it is damaged. */
async function read(context: DeliveryContext, topic: Topic, kind: TimerKind, entry: TimerEntry): Promise<DelayedMessage | undefined> {
  const { position, dueAtMs, topicId } = entry;
  const message = await waitingView(context, entry);
  if (message === undefined) return undefined;
  return {
    message,
    messageId: message.messageId,
    topic: topic.record.name,
    deliverAtMs: dueAtMs,
    recallHandle: context.recallHandles.encode({ kind, topicId, dueAtMs, position, messageId: message.messageId }),
  };
}

function isBefore(left: DelayedPlace, right: DelayedPlace): boolean {
  return left.dueAtMs < right.dueAtMs || (left.dueAtMs === right.dueAtMs && left.position < right.position);
}
