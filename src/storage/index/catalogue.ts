import type { GroupKind, ResolvedGroupOptions } from '../../model/group.ts';
import type { WriteOperation } from '../../model/key-value-port.ts';
import { dedupWindowOf, type ResolvedTopicOptions } from '../../model/topic.ts';
import type { TopicType } from '../../model/topic-type.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { groupKey, PREFIX, rangeOf, subscriptionKey, topicKey } from './keys.ts';

/** A topic as the log knows it. Ids are never given to another topic. */
export interface TopicRecord {
  readonly topicId: number;
  readonly name: string;
  readonly options: ResolvedTopicOptions;
  /** Queue count at creation: message groups hash over it, so that they never move. */
  readonly createdQueueCount: number;
  /** Version of the hash that chooses queues. */
  readonly hashVersion: 1;
  readonly createdAtMs: number;
  /** The longest dedup window that it has had, where that is not the present one. */
  readonly dedupKeptMs?: number;
  readonly deleted?: boolean;
}

/**
 * How long the dedup keys of a topic stay in the index: for its longest window, so that what frees a key never leaves before the key does.
 */
export function keptWindowOf({ options, dedupKeptMs = 0 }: TopicRecord): number {
  return Math.max(dedupKeptMs, dedupWindowOf(options));
}

/** A consumer group as the log knows it. Ids are never given to another group. */
export interface GroupRecord {
  readonly groupId: number;
  readonly name: string;
  readonly options: ResolvedGroupOptions;
  /** What kind of consumer owns the group's positions; recorded at first use. */
  readonly kind?: GroupKind;
  readonly createdAtMs: number;
  readonly deleted?: boolean;
}

/** That a group subscribed to a topic, and where it began. */
export interface SubscriptionRecord {
  readonly groupId: number;
  readonly topicName: string;
  /** The topic that `starts` speaks of; a topic of the same name that came later starts at 0. */
  readonly topicId?: number;
  /** First offset of each queue. */
  readonly starts?: readonly number[];
  /** Messages stored earlier are not for this group. */
  readonly notBeforeMs?: number;
}

/** One change of metadata; the content of a metadata record, as JSON. */
export type MetadataChange =
  | { readonly what: 'topic'; readonly record: TopicRecord }
  | { readonly what: 'group'; readonly record: GroupRecord }
  | { readonly what: 'subscription'; readonly record: SubscriptionRecord };

/** Topics, groups and subscriptions: small, wholly in memory, written through to the index at checkpoints. */
export class Catalogue {
  readonly topics: Map<number, TopicRecord> = new Map();
  /** Topics that were deleted: what is left of their messages, such as dead letters, still tells where it came from. */
  readonly #deletedTopics = new Map<number, TopicRecord>();
  readonly topicsByName: Map<string, TopicRecord> = new Map();
  readonly groups: Map<number, GroupRecord> = new Map();
  readonly groupsByName: Map<string, GroupRecord> = new Map();
  /** By group id, then topic name. */
  readonly subscriptions: Map<number, Map<string, SubscriptionRecord>> = new Map();
  nextTopicId = 1;
  nextGroupId = 1;
  #includes: LogPosition = 0;
  #dirty: MetadataChange[] = [];

  /** Takes a committed or replayed change over. */
  apply(change: MetadataChange, position: LogPosition): void {
    this.#set(change);
    this.#dirty.push(change);
    this.#includes = position;
  }

  /** Takes a value of the index over, groups before subscriptions: a death after a checkpoint may have left some of a group that was deleted. */
  load(change: MetadataChange): void {
    if (change.what === 'subscription' && !this.groups.has(change.record.groupId)) return;
    this.#set(change);
  }

  subscription(groupId: number, topicName: string): SubscriptionRecord | undefined {
    return this.subscriptions.get(groupId)?.get(topicName);
  }

  /** What a topic is called and of which type it is, also when it was deleted; a number stands for a name that the store does not know any more. */
  originOf(topicId: number): { readonly name: string; readonly type: TopicType } {
    const record = this.topics.get(topicId) ?? this.#deletedTopics.get(topicId);
    return { name: record?.name ?? `#${topicId}`, type: record?.options.type ?? 'mixed' };
  }

  /** Where a group begins on a queue that it has no position on. */
  startOf(groupId: number, topic: TopicRecord, queueId: number): number {
    const record = this.subscription(groupId, topic.name);
    return record?.topicId === topic.topicId ? (record.starts?.[queueId] ?? 0) : 0;
  }

  get isDirty(): boolean {
    return this.#dirty.length > 0;
  }

  /** Adds the writes of what changed; the answer takes the changes back when the write was rejected. */
  snapshot(operations: WriteOperation[], envelope: Envelope): () => void {
    const changes = this.#dirty;
    this.#dirty = [];
    for (const change of changes) this.#write(change, operations, envelope);
    return () => {
      this.#dirty = [...changes, ...this.#dirty];
    };
  }

  /** Deleted topics and groups keep their key, so that their ids stay taken. */
  #write(change: MetadataChange, operations: WriteOperation[], envelope: Envelope): void {
    const key = keyOf(change);
    const text = JSON.stringify(change);
    operations.push({ key, value: envelope.seal(key, this.#includes, (writer) => writer.longText(text)) });
  }

  #set(change: MetadataChange): void {
    if (change.what === 'topic') this.#setTopic(change.record);
    else if (change.what === 'group') this.#setGroup(change.record);
    else this.#setSubscription(change.record);
  }

  #setTopic(record: TopicRecord): void {
    this.nextTopicId = Math.max(this.nextTopicId, record.topicId + 1);
    if (record.deleted) {
      this.topics.delete(record.topicId);
      this.#deletedTopics.set(record.topicId, record);
      if (this.topicsByName.get(record.name)?.topicId === record.topicId) this.topicsByName.delete(record.name);
      return;
    }
    this.topics.set(record.topicId, record);
    this.topicsByName.set(record.name, record);
  }

  #setGroup(record: GroupRecord): void {
    this.nextGroupId = Math.max(this.nextGroupId, record.groupId + 1);
    if (record.deleted) {
      this.groups.delete(record.groupId);
      this.subscriptions.delete(record.groupId);
      if (this.groupsByName.get(record.name)?.groupId === record.groupId) this.groupsByName.delete(record.name);
      return;
    }
    this.groups.set(record.groupId, record);
    this.groupsByName.set(record.name, record);
  }

  #setSubscription(record: SubscriptionRecord): void {
    let ofGroup = this.subscriptions.get(record.groupId);
    if (ofGroup === undefined) {
      ofGroup = new Map();
      this.subscriptions.set(record.groupId, ofGroup);
    }
    ofGroup.set(record.topicName, record);
  }
}

/** The keys that a catalogue is loaded from, topics and groups before subscriptions. */
export const CATALOGUE_RANGES: readonly { gte: Uint8Array; lt: Uint8Array }[] = [
  rangeOf(PREFIX.topic),
  rangeOf(PREFIX.group),
  rangeOf(PREFIX.subscription),
];

function keyOf(change: MetadataChange): Uint8Array {
  if (change.what === 'topic') return topicKey(change.record.topicId);
  if (change.what === 'group') return groupKey(change.record.groupId);
  return subscriptionKey(change.record.groupId, change.record.topicName);
}
