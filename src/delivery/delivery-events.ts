import type { Damage } from '../model/events.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { StoredMessage } from '../storage/log/message-record.ts';
import { readVisibleFrom } from '../storage/log/pointer-record.ts';
import type { DeadLetterMark } from '../storage/log/state-records.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { GroupQueue } from './queues/group-queue.ts';

/** A damaged block is reported and never served; its messages count as lost. */
export function reportDamage(context: DeliveryContext, sequence: number, error: Error): void {
  const damage: Damage = { kind: 'corruptBlock', store: 'log', detail: error.message, lostBlocks: 1, position: sequence };
  context.logger.error({ damage }, 'a block of the commit log is damaged; its messages are lost');
  context.events.emit('damage', damage);
}

/** Emits `delivered` for messages of a queue, if somebody listens. */
export function tellDelivered(
  { events }: DeliveryContext,
  { group, topic, queue }: GroupQueue,
  messages: readonly StoredMessage[],
  attemptOf: (index: number) => number,
): void {
  if (events.listenerCount('delivered') === 0) return;
  const { queueId } = topic.placeOf(queue.queueId);
  for (const [index, { messageId, queueOffset }] of messages.entries()) {
    const subject = { group: group.record.name, topic: topic.record.name, messageId };
    events.emit('delivered', { ...subject, queueId, queueOffset, attempt: attemptOf(index) });
  }
}

/** Emits `acked`; only called where somebody listens, because the message's id has to be read. */
export async function tellAcked(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage): Promise<void> {
  const { offset, attempt } = message;
  const subject = await subjectAt(context, queue, offset);
  context.events.emit('acked', {
    ...subject,
    queueId: queue.topic.placeOf(queue.queue.queueId).queueId,
    queueOffset: offset,
    attempt,
  });
}

/** Emits `deadLettered`; only called where somebody listens. */
export async function tellDeadLettered(context: DeliveryContext, queue: GroupQueue, mark: DeadLetterMark): Promise<void> {
  const subject = await subjectAt(context, queue, mark.offset);
  const { attempts, reason } = mark;
  context.events.emit('deadLettered', { ...subject, attempts, reason });
}

/** Emits `dropped`; only called where somebody listens. */
export async function tellDropped(context: DeliveryContext, queue: GroupQueue, message: UnsettledMessage): Promise<void> {
  const { offset, attempt: attempts } = message;
  const subject = await subjectAt(context, queue, offset);
  context.events.emit('dropped', { ...subject, attempts });
}

/** Emits `expired`; only called where somebody listens. */
export async function tellExpired(context: DeliveryContext, queue: GroupQueue, offset: number): Promise<void> {
  const subject = await subjectAt(context, queue, offset);
  context.events.emit('expired', {
    ...subject,
    queueId: queue.topic.placeOf(queue.queue.queueId).queueId,
    queueOffset: offset,
  });
}

/** What every event about a message of a group begins with. */
async function subjectAt(
  context: DeliveryContext,
  queue: GroupQueue,
  offset: number,
): Promise<{ group: string; topic: string; messageId: string }> {
  const messageId = await messageIdAt(context, queue, offset);
  return { group: queue.group.record.name, topic: queue.topic.record.name, messageId };
}

/** The id of a message, or nothing where its block cannot be read any more: an event is no reason to fail. */
async function messageIdAt(context: DeliveryContext, queue: GroupQueue, offset: number): Promise<string> {
  try {
    const run = await context.store.index.loadRun(queue.queue, offset);
    return (await readVisibleFrom(context.store.log, run.positionAt(offset))).messageId;
  } catch {
    return '';
  }
}
