import type { MessageFilter } from '../../model/message-filter.ts';
import type { StandardSchema } from '../../model/standard-schema.ts';
import type { MessageWithoutBody } from '../../storage/log/message-record.ts';
import { blockSequenceOf } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import type { PickTaker, PickVerdict } from '../receiving/delivery-of-picks.ts';
import type { Pick } from '../receiving/pick.ts';
import { PriorityLane } from '../receiving/priority-lane.ts';
import type { PriorityTurns } from '../receiving/priority-turns.ts';
import { type QueueLane, SingleLane } from '../receiving/queue-lane.ts';
import type { Topic } from '../topic.ts';
import type { ConsumerGroup, Member } from './consumer-group.ts';

/** The group that a member is counted among, and the one that its queues are those of: another one for a broadcast member. */
export interface MemberGroups {
  readonly shared: ConsumerGroup;
  readonly group: ConsumerGroup;
}

/** One open consumer of a group: its subscriptions, and what it may take of the queues that follow from them. */
export abstract class GroupMember implements Member, PickTaker {
  readonly group: ConsumerGroup;
  readonly shared: ConsumerGroup;
  /** By topic name. */
  readonly filters: Map<string, MessageFilter> = new Map();
  /** What its messages can be checked by, by topic name. */
  readonly schemas: ReadonlyMap<string, StandardSchema> | undefined;
  protected readonly context: DeliveryContext;
  protected closed = false;
  readonly #onWake: () => void;
  #lanes: QueueLane[] = [];
  #next = 0;

  /** `onWake` is called when something may be there, synchronously while a commit becomes visible: it may take at once. */
  constructor(
    context: DeliveryContext,
    groups: MemberGroups,
    options: { onWake: () => void; schemas: ReadonlyMap<string, StandardSchema> | undefined },
  ) {
    this.context = context;
    this.shared = groups.shared;
    this.group = groups.group;
    this.#onWake = options.onWake;
    this.schemas = options.schemas;
  }

  /** From now on it is woken, and its subscriptions count. */
  enter(): void {
    this.shared.members.add(this);
    this.group.members.add(this);
  }

  /** The opposite of `enter`. */
  protected leave(): void {
    this.closed = true;
    this.shared.members.delete(this);
    this.group.members.delete(this);
  }

  /** All its subscriptions are made. */
  joined(): void {
    this.topicsChanged();
  }

  abstract topicsChanged(): void;
  abstract close(): Promise<void>;

  /** Whose turn it is in a priority topic, of which it takes from these queues. */
  protected abstract turnsOf(topic: Topic, queues: readonly GroupQueue[]): PriorityTurns;

  /** It takes from these queues of topics that it subscribes to, and from no others. */
  protected takeFrom(queuesByTopic: Iterable<readonly GroupQueue[]>): void {
    this.#lanes = [];
    for (const queues of queuesByTopic) {
      const topic = queues[0]?.topic;
      const filter = topic === undefined ? undefined : this.filters.get(topic.record.name);
      if (topic === undefined || filter === undefined) continue;
      if (topic.hasPriorities) this.#lanes.push(new PriorityLane(this.context, queues, { filter, turns: this.turnsOf(topic, queues) }));
      else for (const queue of queues) this.#lanes.push(new SingleLane(this.context, queue, filter));
    }
    this.wake();
  }

  wake(): void {
    if (!this.closed) this.#onWake();
  }

  judge(pick: Pick, message: MessageWithoutBody): PickVerdict {
    const topic = pick.queue.topic.record.name;
    const filter = this.filters.get(topic);
    if (filter === undefined || this.closed) return 'notMine';
    if (!filter.matches(message)) return 'filtered';
    const notBefore = this.#notBeforeMs(topic);
    if (notBefore !== undefined && message.storedAtMs < notBefore) return 'filtered';
    return this.#isExpired(pick, message) ? 'expired' : 'deliver';
  }

  /**
   * A time to live runs from the instant at which the message became visible, and knows nothing of steps of the wall clock. Whoever redrives a dead
   * letter wants it delivered however old it is.
   */
  #isExpired({ queue, offset, position }: Pick, { extension, storedAtMs }: MessageWithoutBody): boolean {
    const ttlMs = extension?.ttlMs ?? queue.topic.record.options.ttlMs;
    if (ttlMs === undefined || this.context.store.log.ages.ageMs(blockSequenceOf(position), storedAtMs) < ttlMs) return false;
    return !queue.progress.isRedriven(offset);
  }

  #notBeforeMs(topicName: string): number | undefined {
    const { memberState, record } = this.group;
    if (memberState !== undefined) return memberState.notBeforeMs(topicName);
    return this.context.store.index.catalogue.subscription(record.groupId, topicName)?.notBeforeMs;
  }

  /** True while something is being read that may bring messages. */
  get isLoading(): boolean {
    return this.#lanes.some((lane) => lane.isLoading);
  }

  collect(most: number): Pick[] {
    const picks: Pick[] = [];
    if (this.closed || this.group.record.options.paused) return picks;
    const lanes = this.#lanes;
    for (let i = 0; i < lanes.length && picks.length < most; i++)
      (lanes[(this.#next + i) % lanes.length] as QueueLane).collect(picks, most);
    this.#next = (this.#next + 1) % Math.max(1, lanes.length);
    return picks;
  }
}
