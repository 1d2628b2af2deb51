import { BrokerError } from '../model/errors.ts';
import type { GroupRecord } from '../storage/index/catalogue.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import { readMessage } from '../storage/log/message-record.ts';
import type { DeadLetterMark } from '../storage/log/state-records.ts';
import { blockSequenceOf, type LogPosition, recordNumberOf } from '../storage/log-position.ts';
import { deadLetter } from './dead-letter.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { GroupMember } from './group-member.ts';
import { GroupQueue } from './group-queue.ts';
import type { Topic } from './topics.ts';

/** A consumer group in use: its members, and each queue of its topics as it goes through them. */
export class ConsumerGroup {
  record: GroupRecord;
  readonly members: Set<GroupMember> = new Set();
  /** By topic id. */
  readonly queues: Map<number, GroupQueue[]> = new Map();
  /** Messages in flight or waiting, over all queues. */
  unsettled = 0;
  readonly #context: DeliveryContext;
  readonly #attaching = new Map<number, Promise<void>>();
  #limitReported = false;

  constructor(context: DeliveryContext, record: GroupRecord) {
    this.#context = context;
    this.record = record;
  }

  get ordered(): boolean {
    return this.record.options.ordered;
  }

  get maxAttempts(): number {
    return this.record.options.maxAttempts;
  }

  /** Makes a topic's queues ready for this group, also those that were added since. */
  async attachTopic(topic: Topic): Promise<void> {
    const { topicId } = topic.record;
    const before = this.#attaching.get(topicId) ?? Promise.resolve();
    const attaching = before.then(() => this.#attachQueues(topic));
    this.#attaching.set(topicId, attaching);
    await attaching;
    topic.groups.add(this);
    for (const member of this.members) member.topicsChanged();
  }

  detachTopic(topic: Topic): void {
    for (const queue of this.queues.get(topic.record.topicId) ?? []) this.dropQueue(queue);
    this.queues.delete(topic.record.topicId);
    this.#attaching.delete(topic.record.topicId);
    topic.groups.delete(this);
    for (const member of this.members) member.topicsChanged();
  }

  dropQueue(queue: GroupQueue): void {
    this.unsettled -= queue.progress.unsettled.size;
    queue.forget();
  }

  wake(): void {
    for (const member of this.members) member.wake();
  }

  /** False while the group has so many unsettled messages that it gets redeliveries only. */
  mayTakeNew(topic: Topic): boolean {
    if (this.unsettled < this.#context.limits.maxUnsettledPerGroup) {
      this.#limitReported = false;
      return true;
    }
    if (!this.#limitReported) {
      this.#limitReported = true;
      this.#context.events.emit('unsettledLimit', { group: this.record.name, topic: topic.record.name, unsettled: this.unsettled });
    }
    return false;
  }

  leased(_queue: GroupQueue, message: UnsettledMessage, member: GroupMember): void {
    message.owner = member;
  }

  /** A message was consumed or given up: its lease, its deadline and its lock end. */
  settled(queue: GroupQueue, message: UnsettledMessage): void {
    const wasLimited = this.#limitReported;
    message.claimed = false;
    message.ready = false;
    message.owner = undefined;
    this.#context.deadlines.remove(message);
    this.#context.suspects.ended(message);
    queue.progress.settle(message.offset);
    this.unsettled--;
    queue.unlock(message.groupKey === -1 ? 0 : message.groupKey, message.offset);
    if (wasLimited) this.wake();
  }

  /** An offset was settled without a delivery. */
  settledUnseen(queue: GroupQueue, offset: number): void {
    queue.progress.settle(offset);
  }

  /** A lease or a wait is over: the message is due again, or it was its last attempt. */
  visibleAgain(queue: GroupQueue, message: UnsettledMessage, reason = 'the last attempt was not acknowledged'): void {
    message.owner = undefined;
    this.#context.deadlines.remove(message);
    this.#context.suspects.ended(message);
    if (message.attempt >= this.maxAttempts) {
      deadLetter(this.#context, queue, message, reason).catch((error: Error) => {
        // The store has failed; the message is due again when it is healed.
        message.ready = true;
        queue.ready.push(message.offset);
        this.reportUnreadable(error);
      });
      return;
    }
    message.ready = true;
    queue.makeReady(message.offset);
  }

  /** A change of a message did not happen; what came due meanwhile happens now. */
  unclaim(queue: GroupQueue, message: UnsettledMessage): void {
    message.claimed = false;
    if (message.list === undefined && !message.ready && queue.progress.unsettled.get(message.offset) === message)
      this.visibleAgain(queue, message);
  }

  /** The instant of a lease or a wait has come. */
  due(queue: GroupQueue, message: UnsettledMessage): void {
    if (message.claimed) return;
    if (message.state === 'leased') {
      this.#context.counters.expiredLeases++;
      const owner = message.owner as GroupMember | undefined;
      if (owner?.onLeaseExpired(queue, message)) return;
    }
    this.visibleAgain(queue, message);
  }

  reportUnreadable(error: Error): void {
    this.#context.logger.error({ group: this.record.name, err: error }, 'a queue cannot be read; its messages are not delivered');
    this.#context.events.emit('error', error);
  }

  /** Emits `acked`; only called where somebody listens, because the message's id has to be read. */
  async tellAcked(queue: GroupQueue, offset: number, attempt: number): Promise<void> {
    const messageId = await this.#messageId(queue, offset).catch(() => '');
    const { queueId } = queue.queue;
    const { name } = queue.topic.record;
    this.#context.events.emit('acked', { group: this.record.name, topic: name, messageId, queueId, queueOffset: offset, attempt });
  }

  async tellDeadLettered(queue: GroupQueue, mark: DeadLetterMark): Promise<void> {
    const messageId = await this.#messageId(queue, mark.offset).catch(() => '');
    const { attempts, reason } = mark;
    this.#context.events.emit('deadLettered', { group: this.record.name, topic: queue.topic.record.name, messageId, attempts, reason });
  }

  async #messageId(queue: GroupQueue, offset: number): Promise<string> {
    const run = queue.queue.runInMemory(offset) ?? (await this.#context.store.index.loadRun(queue.queue, offset));
    return await messageIdAt(this.#context, run.positionAt(offset));
  }

  async #attachQueues(topic: Topic): Promise<void> {
    const { topicId } = topic.record;
    const attached = this.queues.get(topicId) ?? [];
    this.queues.set(topicId, attached);
    for (const queue of topic.queues.slice(attached.length)) {
      const address = { groupId: this.record.groupId, topicId, queueId: queue.queueId };
      const progress = await this.#context.store.index.loadProgress(address);
      const groupQueue = new GroupQueue(this.#context, this, topic, { queue, progress });
      progress.live = groupQueue;
      this.unsettled += progress.unsettled.size;
      await groupQueue.attach();
      attached.push(groupQueue);
    }
  }
}

/** The id of the message at a position. */
export async function messageIdAt(context: DeliveryContext, position: LogPosition): Promise<string> {
  const block = context.store.log.cached(position) ?? (await context.store.log.read(blockSequenceOf(position)));
  return readMessage(block, recordNumberOf(position)).messageId;
}

export function groupNotFound(name: string): BrokerError {
  return new BrokerError('MQ_CONSUMER_GROUP_NOT_FOUND', `Consumer group ${JSON.stringify(name)} does not exist; createGroup creates it`);
}
