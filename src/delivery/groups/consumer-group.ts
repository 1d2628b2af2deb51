import { BrokerError } from '../../model/errors.ts';
import type { MessageFilter } from '../../model/message-filter.ts';
import type { GroupRecord } from '../../storage/index/catalogue.ts';
import type { QueueProgress, UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { ProgressAddress } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupPort, LeaseOwner } from '../queues/group-port.ts';
import { GroupQueue } from '../queues/group-queue.ts';
import type { MemberState } from '../queues/member-state.ts';
import { recallState } from '../queues/state-recall.ts';
import { PriorityTurns } from '../receiving/priority-turns.ts';
import { giveUp } from '../settling/give-up.ts';
import type { Topic, TopicSubscriber } from '../topic.ts';

/** An open consumer of a group. */
export interface Member {
  /** Subscriptions by topic name. */
  readonly filters: ReadonlyMap<string, MessageFilter>;
  /** The group that its queues are those of: a broadcast member has one of its own. */
  readonly group: ConsumerGroup;
  wake(): void;
  /** The group has other topics or queues than before. */
  topicsChanged(): void;
}

/**
 * A consumer group in use: its members, and each queue of its topics as it goes through them. Each broadcast member goes through the queues
 * as a group of its own, which has the name and the options of the group that it belongs to.
 */
export class ConsumerGroup implements GroupPort, TopicSubscriber {
  record: GroupRecord;
  readonly memberState: MemberState | undefined;
  readonly members: Set<Member> = new Set();
  /** By topic id. */
  readonly queues: Map<number, GroupQueue[]> = new Map();
  /** Of its priority topics, by topic id. */
  readonly #turns = new Map<number, PriorityTurns>();
  /** Messages in flight or waiting, over all queues. */
  unsettled = 0;
  readonly #context: DeliveryContext;
  /** Attachments under way, by topic id. */
  readonly #attaching = new Map<number, Promise<number>>();
  #limitReported = false;

  constructor(context: DeliveryContext, record: GroupRecord, memberState?: MemberState) {
    this.#context = context;
    this.record = record;
    this.memberState = memberState;
  }

  /** A queue that one consumer reads alone is in order without locks. */
  get ordered(): boolean {
    return this.record.options.ordered && !this.isPull;
  }

  get isPull(): boolean {
    return this.record.kind === 'pull';
  }

  get maxAttempts(): number {
    return this.record.options.maxAttempts;
  }

  /** Makes a topic's queues ready for this group, also those that were added since. */
  async attachTopic(topic: Topic): Promise<void> {
    const { topicId } = topic.record;
    const before = this.#attaching.get(topicId) ?? Promise.resolve(0);
    // An attachment that failed is no reason for the next one to fail.
    const attaching = before.catch(() => 0).then(() => this.#attachQueues(topic));
    this.#attaching.set(topicId, attaching);
    let added: number;
    try {
      added = await attaching;
    } finally {
      if (this.#attaching.get(topicId) === attaching) this.#attaching.delete(topicId);
    }
    // Whoever deleted the topic or the group meanwhile has found nothing to detach.
    if (this.memberState?.closed || this.#isGone(topic)) return this.detachTopic(topic);
    topic.groups.add(this);
    // Where nothing is new, the queues of a priority go on taking turns.
    for (const member of this.members) {
      if (added > 0) member.topicsChanged();
      else member.wake();
    }
  }

  detachTopic(topic: Topic): void {
    const { topicId } = topic.record;
    const queues = this.queues.get(topicId) ?? [];
    this.queues.delete(topicId);
    this.#turns.delete(topicId);
    topic.groups.delete(this);
    // First of all: a queue that is dropped may wake those who would take from the others.
    for (const member of this.members) member.topicsChanged();
    for (const queue of queues) this.dropQueue(queue);
    this.wake();
  }

  /** Whose turn it is in a priority topic. What came before this process is counted by leases, of which each delivery has had one. */
  turnsOf({ record: { topicId } }: Topic): PriorityTurns {
    const known = this.#turns.get(topicId);
    if (known !== undefined) return known;
    const queues = this.queues.get(topicId) ?? [];
    const turns = new PriorityTurns(queues.reduce((before, { progress }) => before + progress.nextLease - 1, 0));
    this.#turns.set(topicId, turns);
    return turns;
  }

  /** Forgets every queue; the next consumer finds them anew. */
  detachAll(): void {
    const topics = new Set([...this.queues.values()].flat().map((queue) => queue.topic));
    for (const topic of topics) this.detachTopic(topic);
  }

  /** What was picked of it is void. */
  dropQueue(queue: GroupQueue): void {
    queue.countUnsettled(-queue.progress.unsettled.size);
    queue.dropped = true;
    queue.generation++;
    queue.forget();
  }

  wake(): void {
    for (const member of this.members) member.wake();
  }

  /** False while the group has so many unsettled messages that it gets redeliveries only. */
  mayTakeNew(topic: string): boolean {
    if (this.unsettled < this.#context.limits.maxUnsettledPerGroup) {
      this.#limitReported = false;
      return true;
    }
    if (!this.#limitReported) {
      this.#limitReported = true;
      this.#context.events.emit('unsettledLimit', { group: this.record.name, topic, unsettled: this.unsettled });
    }
    return false;
  }

  /** A message was consumed or given up: its lease, its deadline and its lock end. */
  settled(message: UnsettledMessage): void {
    if (message.progress.unsettled.get(message.offset) !== message) return;
    const queue = queueOf(message);
    const wasLimited = this.#limitReported;
    message.claimed = false;
    message.ready = false;
    message.owner = undefined;
    this.#context.deadlines.remove(message);
    this.#context.suspects.ended(message);
    queue.progress.settle(message.offset);
    queue.countUnsettled(-1);
    queue.unlock(message.groupKey === -1 ? 0 : message.groupKey, message.offset);
    if (wasLimited) this.wake();
  }

  /** A lease or a wait is over: the message is due again, or it was its last attempt. */
  visibleAgain(message: UnsettledMessage): void {
    const queue = queueOf(message);
    message.owner = undefined;
    this.#context.deadlines.remove(message);
    this.#context.suspects.ended(message);
    if (queue.dropped) return;
    if (message.attempt >= this.maxAttempts) {
      giveUp(this.#context, queue, message, 'the last attempt was not acknowledged').catch((error: Error) => {
        // A message that is gone was revoked by a reset; any other one is given up again after a while, and not delivered any more.
        if (message.progress.unsettled.get(message.offset) === message) this.reportUnreadable(error);
      });
      return;
    }
    message.ready = true;
    queue.makeReady(message.offset);
  }

  /** A change of a message did not happen; what came due meanwhile happens now. */
  unclaim(message: UnsettledMessage): void {
    message.claimed = false;
    const isUnsettled = message.progress.unsettled.get(message.offset) === message;
    if (isUnsettled && message.list === undefined && !message.ready) this.due(message);
  }

  /** The instant of a lease or a wait has come. */
  due(message: UnsettledMessage): void {
    if (message.claimed) return;
    if (message.state === 'leased') {
      this.#context.counters.expiredLeases++;
      const owner = message.owner as LeaseOwner | undefined;
      if (owner?.onLeaseExpired(message)) return;
    }
    this.visibleAgain(message);
  }

  reportUnreadable(error: Error): void {
    this.#context.logger.error({ group: this.record.name, err: error }, 'a queue cannot be read; its messages are not delivered');
    this.#context.events.emit('error', error);
  }

  #progressOf(address: ProgressAddress, topic: Topic): Promise<QueueProgress> {
    return this.memberState === undefined
      ? this.#context.store.index.loadProgress(address)
      : this.memberState.progressOf(address, topic.record.name);
  }

  /** The topic or the group was deleted. */
  #isGone({ record }: Topic): boolean {
    const { catalogue } = this.#context.store.index;
    return !catalogue.topics.has(record.topicId) || !catalogue.groups.has(this.record.groupId);
  }

  /** Answers how many queues are new. */
  async #attachQueues(topic: Topic): Promise<number> {
    if (this.#isGone(topic)) return 0;
    const { topicId } = topic.record;
    const attached = this.queues.get(topicId) ?? [];
    this.queues.set(topicId, attached);
    const missing = topic.queues.slice(attached.length);
    for (const queue of missing) {
      const address = { groupId: this.record.groupId, topicId, queueId: queue.queueId };
      const progress = await this.#progressOf(address, topic);
      const groupQueue = new GroupQueue(this.#context, this, topic, { queue, progress });
      progress.live = groupQueue;
      this.unsettled += progress.unsettled.size;
      try {
        await recallState(groupQueue, this.#context);
        await groupQueue.preload();
      } catch (error) {
        this.dropQueue(groupQueue);
        progress.live = undefined;
        throw error;
      }
      if (this.queues.get(topicId) !== attached) {
        // Everything was detached meanwhile, and is attached anew where it is still wanted.
        this.dropQueue(groupQueue);
        progress.live = undefined;
        return await this.#attachQueues(topic);
      }
      attached.push(groupQueue);
    }
    return missing.length;
  }
}

export function groupNotFound(name: string): BrokerError {
  return new BrokerError('MQ_CONSUMER_GROUP_NOT_FOUND', `Consumer group ${JSON.stringify(name)} does not exist; createGroup creates it`);
}

function queueOf(message: UnsettledMessage): GroupQueue {
  return message.progress.live as GroupQueue;
}
