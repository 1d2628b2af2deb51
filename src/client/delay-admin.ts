import type { Delivery } from '../delivery/delivery.ts';
import { storedView } from '../delivery/message-view.ts';
import type { Topic } from '../delivery/topic.ts';
import { topicNotFound } from '../delivery/topics.ts';
import type { DelayedMessage, Page, PageRequest } from '../model/admin.ts';
import { illegalArgument } from '../model/errors.ts';
import { validateTopicName } from '../model/names.ts';
import { TIMER_KINDS, type TimerKind } from '../storage/index/delays.ts';
import type { TimerEntry } from '../storage/index/timer-heap.ts';
import { readMessage } from '../storage/log/message-record.ts';
import { blockSequenceOf, recordNumberOf } from '../storage/log-position.ts';
import { resolvePage } from './page.ts';

/** A timer of one of the two kinds. */
interface KindEntry {
  readonly kind: TimerKind;
  readonly entry: TimerEntry;
}

/** Delay messages that wait, as administration shows them. */
export class DelayAdmin {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async listDelayed(topicName: string, page?: PageRequest): Promise<Page<DelayedMessage>> {
    const name = validateTopicName(topicName, this.#delivery.context.limits);
    const { limit, cursor } = resolvePage(page);
    const topic = await this.#delivery.topics.find(name);
    if (topic === undefined) throw topicNotFound(name, 'only a topic that exists has delay messages');
    const items: DelayedMessage[] = [];
    let last: TimerEntry | undefined;
    for await (const { kind, entry } of this.#entries(topic, placeOf(cursor))) {
      if (items.length === limit) return { items, nextCursor: `${last?.dueAtMs}-${last?.position}` };
      last = entry;
      items.push(await this.#read(topic, kind, entry));
    }
    return { items };
  }

  /** Both kinds, merged by their time. */
  async *#entries(topic: Topic, after: { dueAtMs: number; position: number }): AsyncGenerator<KindEntry> {
    const { delays } = this.#delivery.context.store.index;
    const sources = TIMER_KINDS.map((kind) => ({ kind, entries: delays.of(kind).list(after) }));
    const heads = await Promise.all(sources.map(({ entries }) => entries.next()));
    for (;;) {
      let first = -1;
      for (const [index, head] of heads.entries()) {
        if (!head.done && (first < 0 || isBefore(head.value, heads[first]?.value as TimerEntry))) first = index;
      }
      const head = heads[first];
      const source = sources[first];
      if (head === undefined || source === undefined) return;
      const entry = head.value as TimerEntry;
      heads[first] = await source.entries.next();
      if (entry.topicId === topic.record.topicId) yield { kind: source.kind, entry };
    }
  }

  async #read(topic: Topic, kind: TimerKind, entry: TimerEntry): Promise<DelayedMessage> {
    const { context } = this.#delivery;
    const { position, dueAtMs, topicId, queueId } = entry;
    const message = readMessage(await context.store.log.read(blockSequenceOf(position)), recordNumberOf(position));
    return {
      message: storedView(message, { topic: topic.record.name, place: topic.placeOf(queueId), attempt: 0 }),
      messageId: message.messageId,
      topic: topic.record.name,
      deliverAtMs: dueAtMs,
      recallHandle: context.recallHandles.encode({ kind, topicId, dueAtMs, position }),
    };
  }
}

function isBefore(left: TimerEntry, right: TimerEntry): boolean {
  return left.dueAtMs < right.dueAtMs || (left.dueAtMs === right.dueAtMs && left.position < right.position);
}

function placeOf(cursor: string | undefined): { dueAtMs: number; position: number } {
  if (cursor === undefined) return { dueAtMs: 0, position: 0 };
  const [, dueAtMs, position] = /^(\d{1,16})-(\d{1,16})$/.exec(cursor) ?? [];
  if (dueAtMs === undefined || position === undefined) throw illegalArgument('A cursor must be the nextCursor of the page before');
  return { dueAtMs: Number(dueAtMs), position: Number(position) };
}
