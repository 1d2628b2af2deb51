import { BrokerError } from '../model/errors.ts';
import { validateTopicName } from '../model/names.ts';
import { storedQueueCount } from '../model/priority-levels.ts';
import { dedupWindowOf, type ResolvedTopicOptions } from '../model/topic.ts';
import type { TopicType } from '../model/topic-type.ts';
import { keptWindowOf, type TopicRecord } from '../storage/index/catalogue.ts';
import type { ConsumeQueue } from '../storage/index/consume-queue.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { commitMetadata } from './metadata-entry.ts';
import { NamedLocks } from './named-locks.ts';
import { Topic } from './topic.ts';

/** Topics by name: loaded at first use, created where that is allowed. */
export class Topics {
  readonly #context: DeliveryContext;
  readonly #autoCreate: ResolvedTopicOptions | undefined;
  readonly #loaded = new Map<string, Topic>();
  readonly #loading = new Map<string, Promise<Topic>>();
  readonly #changes = new NamedLocks();
  /** Creations on their way to the log. */
  #creating = 0;
  /** Called with a topic that has just been created or has got more queues. */
  onNewQueues: (topic: Topic) => Promise<void> = () => Promise.resolve();

  constructor(context: DeliveryContext, autoCreate: ResolvedTopicOptions | undefined) {
    this.#context = context;
    this.#autoCreate = autoCreate;
  }

  get createsByItself(): boolean {
    return this.#autoCreate !== undefined;
  }

  /** The topic when it is loaded: the way of every send but the first. */
  loaded(name: string): Topic | undefined {
    const topic = this.#loaded.get(name);
    return topic?.closed ? undefined : topic;
  }

  record(name: string): TopicRecord | undefined {
    return this.#context.store.index.catalogue.topicsByName.get(name);
  }

  /** An existing topic with its queues, or `undefined`. */
  find(name: string): Promise<Topic | undefined> {
    const record = this.record(name);
    return record === undefined ? Promise.resolve(undefined) : this.#load(record);
  }

  /**
   * The topic, which is created where that is allowed; `type` is what it then is, instead of what topics that are created by themselves are.
   * @throws BrokerError `MQ_TOPIC_NOT_FOUND` where topics are not created by themselves, `MQ_ILLEGAL_TOPIC`, `MQ_TOO_MANY_REQUESTS`
   */
  async obtain(name: string, type?: TopicType): Promise<Topic> {
    const found = await this.find(name);
    if (found?.closed) throw topicNotFound(name, 'it is being deleted');
    if (found !== undefined) return found;
    validateTopicName(name, this.#context.limits);
    if (this.#autoCreate === undefined) throw topicNotFound(name, 'createTopic creates it, or open the broker with autoCreateTopics');
    return await this.create(name, type === undefined ? this.#autoCreate : { ...this.#autoCreate, type });
  }

  /** Creates a topic, or answers the one that another call created meanwhile. */
  create(name: string, options: ResolvedTopicOptions): Promise<Topic> {
    return this.#changes.runExclusive(name, async () => {
      const existing = await this.find(name);
      if (existing !== undefined) return existing;
      const { store, clock, limits, events } = this.#context;
      const { catalogue } = store.index;
      if (catalogue.topics.size + this.#creating >= limits.maxTopics) {
        throw new BrokerError('MQ_TOO_MANY_REQUESTS', `There are ${limits.maxTopics} topics already; limits.maxTopics allows no more`);
      }
      const record: TopicRecord = {
        topicId: catalogue.nextTopicId++,
        name,
        options,
        createdQueueCount: options.queueCount,
        hashVersion: 1,
        createdAtMs: clock.now(),
      };
      this.#creating++;
      await commitMetadata(store, { what: 'topic', record }).finally(() => this.#creating--);
      const topic = await this.#created(record);
      await this.onNewQueues(topic);
      events.emit('topicCreated', { topic: name });
      return topic;
    });
  }

  /** Changes a topic's options; queues are only ever added. */
  update(name: string, change: (record: TopicRecord) => ResolvedTopicOptions): Promise<Topic> {
    return this.#changes.runExclusive(name, async () => {
      const topic = await this.find(name);
      if (topic === undefined) throw topicNotFound(name, 'createTopic creates it');
      const options = change(topic.record);
      const dedupKeptMs = keptWindowOf(topic.record);
      const record: TopicRecord = { ...topic.record, options, ...(dedupKeptMs > dedupWindowOf(options) ? { dedupKeptMs } : {}) };
      await commitMetadata(this.#context.store, { what: 'topic', record });
      topic.record = record;
      topic.queues.push(...newQueues(this.#context, record, topic.queues.length));
      await this.onNewQueues(topic);
      return topic;
    });
  }

  delete(name: string): Promise<void> {
    return this.#changes.runExclusive(name, async () => {
      const topic = await this.find(name);
      if (topic === undefined) throw topicNotFound(name, 'it may have been deleted already');
      // No send may join behind the record of the deletion.
      topic.closed = true;
      try {
        await commitMetadata(this.#context.store, { what: 'topic', record: { ...topic.record, deleted: true } });
      } catch (error) {
        topic.closed = false;
        throw error;
      }
      this.#loaded.delete(name);
      for (const group of topic.groups) group.detachTopic(topic);
    });
  }

  /** Another call may have met the new record in the catalogue and be loading it. */
  #created(record: TopicRecord): Promise<Topic> {
    if (this.#loaded.has(record.name) || this.#loading.has(record.name)) return this.#load(record);
    const topic = new Topic(record, newQueues(this.#context, record, 0));
    this.#loaded.set(record.name, topic);
    return Promise.resolve(topic);
  }

  async #load(record: TopicRecord): Promise<Topic> {
    const loaded = this.#loaded.get(record.name);
    if (loaded !== undefined) return loaded;
    let loading = this.#loading.get(record.name);
    if (loading === undefined) {
      loading = this.#loadQueues(record).finally(() => this.#loading.delete(record.name));
      this.#loading.set(record.name, loading);
    }
    return await loading;
  }

  async #loadQueues(record: TopicRecord): Promise<Topic> {
    const { index } = this.#context.store;
    const ids = Array.from({ length: storedQueueCount(record.options) }, (_, queueId) => queueId);
    const topic = new Topic(record, await Promise.all(ids.map((queueId) => index.loadQueue(record.topicId, queueId))));
    // It may have been deleted while its queues were read.
    if (this.record(record.name)?.topicId === record.topicId) this.#loaded.set(record.name, topic);
    else topic.closed = true;
    return topic;
  }
}

export function topicNotFound(name: string, remedy: string): BrokerError {
  return new BrokerError('MQ_TOPIC_NOT_FOUND', `Topic ${JSON.stringify(name)} does not exist; ${remedy}`);
}

function newQueues(context: DeliveryContext, record: TopicRecord, from: number): ConsumeQueue[] {
  const count = storedQueueCount(record.options) - from;
  return Array.from({ length: count }, (_, index) => context.store.index.newQueue(record.topicId, from + index));
}
