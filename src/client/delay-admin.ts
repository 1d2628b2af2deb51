import type { Delivery } from '../delivery/delivery.ts';
import { topicNotFound } from '../delivery/topics.ts';
import { type DelayedPlace, delayedMessages } from '../delivery/waiting/delayed-listing.ts';
import type { DelayedMessage, Page, PageRequest } from '../model/admin.ts';
import { illegalArgument } from '../model/errors.ts';
import { validateTopicName } from '../model/names.ts';
import { resolvePage } from './page.ts';

/** Delay messages that wait, as administration shows them. */
export class DelayAdmin {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async listDelayed(topicName: string, page?: PageRequest): Promise<Page<DelayedMessage>> {
    const { context, topics } = this.#delivery;
    const name = validateTopicName(topicName, context.limits);
    const { limit, cursor } = resolvePage(page);
    const topic = await topics.find(name);
    if (topic === undefined) throw topicNotFound(name, 'only a topic that exists has delay messages');
    const items: DelayedMessage[] = [];
    let last: DelayedPlace | undefined;
    for await (const { place, read } of delayedMessages(context, topic, placeOf(cursor))) {
      if (items.length === limit) return { items, nextCursor: `${last?.dueAtMs}-${last?.position}` };
      last = place;
      const item = await read();
      if (item !== undefined) items.push(item);
    }
    return { items };
  }
}

function placeOf(cursor: string | undefined): DelayedPlace {
  if (cursor === undefined) return { dueAtMs: 0, position: 0 };
  const [, dueAtMs, position] = /^(\d{1,16})-(\d{1,16})$/.exec(cursor) ?? [];
  if (dueAtMs === undefined || position === undefined) throw illegalArgument('A cursor must be the nextCursor of the page before');
  return { dueAtMs: Number(dueAtMs), position: Number(position) };
}
