import type { Clock } from '../model/clock.ts';
import type { StartFrom } from '../model/group.ts';
import type { MessageFilter } from '../model/message-filter.ts';
import type { StandardSchema } from '../model/standard-schema.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { MessageWithoutBody } from '../storage/log/message-record.ts';
import type { ConsumerGroup, Member } from './consumer-group.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { type HandOutResult, handOut, type PickTaker, type PickVerdict } from './delivery-of-picks.ts';
import type { Pick } from './group-queue.ts';
import { giveBack } from './lease-end.ts';
import { PriorityLane } from './priority-lane.ts';
import { type QueueLane, SingleLane } from './queue-lane.ts';
import type { Topic } from './topic.ts';

/** What a consumer does when its group's queues may have something for it, and when one of its leases runs out. */
export interface MemberCallbacks {
  /** Something may be there. Called synchronously while a commit becomes visible: it may take at once. */
  onWake(): void;
  /** True when the consumer deals with the message itself. */
  onLeaseExpired(message: UnsettledMessage): boolean;
}

/** How a consumer opens. */
export interface MemberOptions {
  /** Wins over the group's own. */
  readonly startFrom: StartFrom | undefined;
  readonly callbacks: MemberCallbacks;
  /** What its messages can be checked by, by topic name. */
  readonly schemas?: ReadonlyMap<string, StandardSchema> | undefined;
}

/** A time to live runs from the instant at which the message became visible. */
function isExpired(topic: Topic, message: MessageWithoutBody, clock: Clock): boolean {
  const ttlMs = message.extension?.ttlMs ?? topic.record.options.ttlMs;
  return ttlMs !== undefined && clock.now() - message.storedAtMs >= ttlMs;
}

/** One open consumer of a group: its subscriptions, and the queues that follow from them. */
export class GroupMember implements Member, PickTaker {
  readonly group: ConsumerGroup;
  /** The group that it is counted among: another one than `group` for a broadcast member. */
  readonly shared: ConsumerGroup;
  /** By topic name. */
  readonly filters: Map<string, MessageFilter> = new Map();
  readonly schemas: ReadonlyMap<string, StandardSchema> | undefined;
  readonly #context: DeliveryContext;
  readonly #callbacks: MemberCallbacks;
  #lanes: QueueLane[] = [];
  #next = 0;
  #closed = false;
  /** Hand-outs on their way to the log. */
  #handingOut = 0;
  readonly #onHandedOut: (() => void)[] = [];

  constructor(
    context: DeliveryContext,
    groups: { shared: ConsumerGroup; group: ConsumerGroup },
    options: Omit<MemberOptions, 'startFrom'>,
  ) {
    this.#context = context;
    this.shared = groups.shared;
    this.group = groups.group;
    this.#callbacks = options.callbacks;
    this.schemas = options.schemas;
  }

  /** From now on it is woken, and its subscriptions count. */
  enter(): void {
    this.shared.members.add(this);
    this.group.members.add(this);
  }

  /** The group has other topics or queues than before. */
  topicsChanged(): void {
    this.#lanes = [];
    for (const queues of this.group.queues.values()) {
      const topic = queues[0]?.topic;
      const filter = topic === undefined ? undefined : this.filters.get(topic.record.name);
      if (topic === undefined || filter === undefined) continue;
      if (topic.hasPriorities) this.#lanes.push(new PriorityLane(this.#context, queues, filter));
      else for (const queue of queues) this.#lanes.push(new SingleLane(this.#context, queue, filter));
    }
    this.wake();
  }

  wake(): void {
    if (!this.#closed) this.#callbacks.onWake();
  }

  onLeaseExpired(message: UnsettledMessage): boolean {
    return this.#callbacks.onLeaseExpired(message);
  }

  judge(topic: Topic, message: MessageWithoutBody): PickVerdict {
    const filter = this.filters.get(topic.record.name);
    if (filter === undefined || this.#closed) return 'notMine';
    if (!filter.matches(message)) return 'filtered';
    const notBefore = this.#notBeforeMs(topic.record.name);
    if (notBefore !== undefined && message.storedAtMs < notBefore) return 'filtered';
    return isExpired(topic, message, this.#context.clock) ? 'expired' : 'deliver';
  }

  #notBeforeMs(topicName: string): number | undefined {
    const { memberState, record } = this.group;
    if (memberState !== undefined) return memberState.notBeforeMs(topicName);
    return this.#context.store.index.catalogue.subscription(record.groupId, topicName)?.notBeforeMs;
  }

  /** True while something is being read that may bring messages. */
  get isLoading(): boolean {
    return this.#lanes.some((lane) => lane.isLoading);
  }

  /** Takes up to `most` messages that are visible now; answers how many were chosen, of which `result` gets those that it wants when they are committed. */
  take(most: number, invisibleMs: number, result: HandOutResult): number {
    const picks = this.collect(most);
    if (picks.length > 0) handOut(this.#context, picks, { member: this, invisibleMs, result: this.#counted(result) });
    return picks.length;
  }

  collect(most: number): Pick[] {
    const picks: Pick[] = [];
    if (this.#closed || this.group.record.options.paused) return picks;
    const lanes = this.#lanes;
    for (let i = 0; i < lanes.length && picks.length < most; i++)
      (lanes[(this.#next + i) % lanes.length] as QueueLane).collect(picks, most);
    this.#next = (this.#next + 1) % Math.max(1, lanes.length);
    return picks;
  }

  #counted(result: HandOutResult): HandOutResult {
    this.#handingOut++;
    const ended = (): void => {
      if (--this.#handingOut > 0) return;
      for (const resolve of this.#onHandedOut.splice(0)) resolve();
    };
    return {
      views: (views) => {
        ended();
        result.views(views);
      },
      failed: (error) => {
        ended();
        result.failed(error);
      },
    };
  }

  /** Gives back what this consumer still holds; the deliveries have counted. What a broadcast member holds is forgotten with it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.shared.members.delete(this);
    this.group.members.delete(this);
    if (this.#handingOut > 0) await new Promise<void>((resolve) => this.#onHandedOut.push(resolve));
    const { memberState } = this.group;
    if (memberState !== undefined) {
      await memberState.close();
      return this.group.detachAll();
    }
    const pending: Promise<void>[] = [];
    for (const queues of this.group.queues.values()) {
      for (const queue of queues) {
        for (const message of queue.progress.unsettled.values()) {
          if (message.owner === this && !message.claimed && message.state === 'leased')
            pending.push(giveBack(this.#context, queue, message).done());
        }
      }
    }
    await Promise.all(pending);
  }
}
