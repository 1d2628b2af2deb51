import { BrokerError } from '../../model/errors.ts';
import { type GroupKind, type ResolvedGroupOptions, resolveGroupOptions, type StartFrom } from '../../model/group.ts';
import { describeFilter, isSameFilter, type MessageFilter } from '../../model/message-filter.ts';
import { validateGroupName } from '../../model/names.ts';
import type { GroupRecord } from '../../storage/index/catalogue.ts';
import { isCorruption } from '../../storage/store-errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { commitMetadata } from '../metadata-entry.ts';
import { NamedLocks } from '../named-locks.ts';
import { MemberState } from '../queues/member-state.ts';
import { READ_RETRY_MS } from '../queues/queue-reading.ts';
import { resolveStart } from '../queues/start-position.ts';
import type { Topic } from '../topic.ts';
import { type Topics, topicNotFound } from '../topics.ts';
import { ConsumerGroup, groupNotFound } from './consumer-group.ts';
import { claimKind } from './group-kind.ts';
import type { GroupMember, MemberGroups } from './group-member.ts';

/** How a consumer joins a group. */
interface Joining<Joined extends GroupMember> {
  readonly kind: GroupKind;
  /** Wins over the group's own. */
  readonly startFrom: StartFrom | undefined;
  /** Makes the member. */
  open(groups: MemberGroups): Joined;
}

/** Consumer groups by name, in use as long as the broker is open. */
export class ConsumerGroups {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #autoCreate: boolean;
  readonly #inUse = new Map<string, ConsumerGroup>();
  readonly #changes = new NamedLocks();
  readonly #starts = new NamedLocks();

  constructor(context: DeliveryContext, topics: Topics, autoCreate: boolean) {
    this.#context = context;
    this.#topics = topics;
    this.#autoCreate = autoCreate;
    topics.onNewQueues = (topic) => this.#attachSubscribers(topic);
  }

  record(name: string): GroupRecord | undefined {
    return this.#context.store.index.catalogue.groupsByName.get(name);
  }

  /** The group with its state, whether or not it has consumers. */
  find(name: string): ConsumerGroup | undefined {
    const known = this.#inUse.get(name);
    if (known !== undefined) return known;
    const record = this.record(name);
    if (record === undefined) return undefined;
    const group = new ConsumerGroup(this.#context, record);
    this.#inUse.set(name, group);
    return group;
  }

  byId(groupId: number): ConsumerGroup | undefined {
    const record = this.#context.store.index.catalogue.groups.get(groupId);
    return record === undefined ? undefined : this.find(record.name);
  }

  /** Messages in flight or waiting, over all groups in use. */
  get unsettled(): number {
    let count = 0;
    for (const group of this.#inUse.values()) for (const each of goingThrough(group)) count += each.unsettled;
    return count;
  }

  wakeAll(): void {
    for (const group of this.#inUse.values()) group.wake();
  }

  create(name: string, options: ResolvedGroupOptions): Promise<ConsumerGroup> {
    return this.#changes.runExclusive(name, () => this.#create(name, options));
  }

  update(name: string, change: (record: GroupRecord) => GroupRecord): Promise<ConsumerGroup> {
    return this.#changes.runExclusive(name, async () => {
      const group = this.find(name);
      if (group === undefined) throw groupNotFound(name);
      await this.#update(group, change(group.record));
      return group;
    });
  }

  delete(name: string): Promise<void> {
    return this.#changes.runExclusive(name, async () => {
      const group = this.find(name);
      if (group === undefined) throw groupNotFound(name);
      if (group.members.size > 0) {
        throw new BrokerError(
          'MQ_GROUP_IN_USE',
          `Consumer group ${JSON.stringify(name)} has ${group.members.size} open consumers; close them first`,
        );
      }
      await commitMetadata(this.#context.store, { what: 'group', record: { ...group.record, deleted: true } });
      group.detachAll();
      this.#inUse.delete(name);
    });
  }

  /** Opens a member: the group and its start positions are durable when this resolves. No deletion of the group comes in between. */
  join<Joined extends GroupMember>(
    name: string,
    subscriptions: ReadonlyMap<string, MessageFilter>,
    joining: Joining<Joined>,
  ): Promise<Joined> {
    const { kind, startFrom } = joining;
    return this.#changes.runExclusive(name, async () => {
      const shared = await this.#obtain(name);
      const isFirstUse = claimKind(shared.record, kind);
      const group = kind === 'broadcast' ? new ConsumerGroup(this.#context, shared.record, new MemberState(this.#context)) : shared;
      const member = joining.open({ shared, group });
      for (const [topic, filter] of subscriptions) this.#checkSubscription(member, topic, filter);
      member.enter();
      try {
        for (const [topic, filter] of subscriptions) await this.subscribe(member, topic, filter, startFrom);
        if (isFirstUse) await this.#update(shared, { ...shared.record, kind });
      } catch (error) {
        await member.close();
        throw error;
      }
      member.joined();
      return member;
    });
  }

  async subscribe(member: GroupMember, topicName: string, filter: MessageFilter, startFrom: StartFrom | undefined): Promise<void> {
    const { group } = member;
    this.#checkSubscription(member, topicName, filter);
    const topic = await this.#topics.find(topicName);
    if (topic === undefined && !this.#topics.createsByItself) throw topicNotFound(topicName, 'createTopic creates it');
    // Another member may have subscribed while the topic was looked for.
    this.#checkSubscription(member, topicName, filter);
    member.filters.set(topicName, filter);
    if (group.memberState !== undefined)
      await group.memberState.begin(topicName, resolveStart(this.#context, topic, startFrom ?? BROADCAST_START));
    else await this.#commitStart(group, topicName, topic, startFrom ?? group.record.options.startFrom);
    // The topic may have been created, or deleted, while the start was committed.
    const now = await this.#topics.find(topicName);
    if (now !== undefined) await group.attachTopic(now);
  }

  async #obtain(name: string): Promise<ConsumerGroup> {
    const known = this.find(name);
    if (known !== undefined) return known;
    validateGroupName(name, this.#context.limits);
    if (!this.#autoCreate) throw groupNotFound(name);
    return await this.#create(name, resolveGroupOptions(undefined));
  }

  async #create(name: string, options: ResolvedGroupOptions): Promise<ConsumerGroup> {
    const existing = this.find(name);
    if (existing !== undefined) return existing;
    const { store, clock, events } = this.#context;
    const record: GroupRecord = { groupId: store.index.catalogue.nextGroupId++, name, options, createdAtMs: clock.now() };
    await commitMetadata(store, { what: 'group', record });
    events.emit('groupCreated', { group: name });
    return this.find(name) as ConsumerGroup;
  }

  /** Locks, and what was passed over because of them, follow from `ordered`: with a change of it they are found anew. */
  async #update(group: ConsumerGroup, record: GroupRecord): Promise<void> {
    await commitMetadata(this.#context.store, { what: 'group', record });
    if (record.options.ordered !== group.record.options.ordered) group.detachAll();
    for (const each of goingThrough(group)) each.record = record;
    group.wake();
  }

  /** The expression of a (group, topic) is one; only members that are open now count. */
  #checkSubscription(member: GroupMember, topic: string, filter: MessageFilter): void {
    const group = member.shared;
    for (const other of group.members) {
      if (other === member) continue;
      const existing = other.filters.get(topic);
      if (existing === undefined || isSameFilter(existing, filter)) continue;
      throw new BrokerError(
        'MQ_SUBSCRIPTION_CONFLICT',
        `Group ${JSON.stringify(group.record.name)} subscribes to ${JSON.stringify(topic)} with ${describeFilter(existing)}, not ${describeFilter(filter)}; use one expression in all its consumers`,
      );
    }
  }

  /** A start position is resolved once: whoever asks first decides. */
  #commitStart(group: ConsumerGroup, topicName: string, topic: Topic | undefined, startFrom: StartFrom): Promise<void> {
    const { groupId } = group.record;
    return this.#starts.runExclusive(`${groupId}/${topicName}`, async () => {
      const { store } = this.#context;
      if (store.index.catalogue.subscription(groupId, topicName) !== undefined) return;
      const start = await resolveStart(this.#context, topic, startFrom);
      await commitMetadata(store, { what: 'subscription', record: { groupId, topicName, ...start } });
    });
  }

  async #attachSubscribers(topic: Topic): Promise<void> {
    for (const group of this.#inUse.values()) {
      const subscribers = [...group.members].filter((member) => member.filters.has(topic.record.name));
      for (const each of new Set(subscribers.map((member) => member.group))) await this.#attach(each, topic);
    }
  }

  /** A group that cannot read what it needs now is attached later: that is no reason for the others, or for the topic, to wait. */
  async #attach(group: ConsumerGroup, topic: Topic): Promise<void> {
    try {
      await group.attachTopic(topic);
    } catch (error) {
      // Its next consumer attaches the topic itself.
      if (group.members.size === 0) return;
      group.reportUnreadable(error instanceof Error ? error : new Error('the index cannot be read', { cause: error }));
      // What is damaged stays so until the index is built again.
      if (!isCorruption(error)) this.#context.clock.setTimer(READ_RETRY_MS, () => void this.#attach(group, topic));
    }
  }
}

/** Where a broadcast consumer starts that does not say: a group's own start is for positions that are kept. */
const BROADCAST_START: StartFrom = 'latest';

/** The groups that go through queues in the name of one: itself, or each of its broadcast members. */
function goingThrough(group: ConsumerGroup): ReadonlySet<ConsumerGroup> {
  const all = new Set<ConsumerGroup>([group]);
  for (const member of group.members) all.add(member.group);
  return all;
}
