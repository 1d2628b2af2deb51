import type { MessageView } from '../../model/message.ts';
import type { StandardSchema } from '../../model/standard-schema.ts';
import type { StoredMessage } from '../../storage/log/message-record.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellDelivered } from '../delivery-events.ts';
import { storedFacts, storedView } from '../views/message-view.ts';
import type { Wanted } from './delivery-of-picks.ts';

/** What a pull brings. Messages of a queue that was sought or changed hands meanwhile are no more among them. */
export function pulledViews(
  context: DeliveryContext,
  wanted: readonly Wanted[],
  schemas: ReadonlyMap<string, StandardSchema> | undefined,
): MessageView[] {
  const views: MessageView[] = [];
  for (const { queue, picks, messages } of wanted) {
    const valid: StoredMessage[] = [];
    for (const [index, pick] of picks.entries()) {
      if (pick.generation === queue.generation) valid.push(messages[index] as StoredMessage);
      else pick.turn?.cameToNothing();
    }
    const topic = queue.topic.record.name;
    const facts = storedFacts(topic, queue.topic.placeOf(queue.queue.queueId), schemas?.get(topic));
    for (const message of valid) views.push(storedView(message, facts, FIRST_ATTEMPT));
    context.counters.delivered += valid.length;
    tellDelivered(context, queue, valid, () => FIRST_ATTEMPT);
  }
  return views;
}

/** A position knows of no attempts. */
const FIRST_ATTEMPT = 1;
