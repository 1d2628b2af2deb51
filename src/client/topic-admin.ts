import type { Delivery } from '../delivery/delivery.ts';
import type { Topic } from '../delivery/topic.ts';
import type { Page, PageRequest } from '../model/admin.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import { validateTopicName } from '../model/names.ts';
import { placeOfQueue } from '../model/priority-levels.ts';
import { dedupWindowOf, type ResolvedTopicOptions, resolveTopicOptions, type TopicInfo, type TopicOptions } from '../model/topic.ts';
import { pageByName } from './page.ts';

/** Topics, as administration creates, changes and shows them. */
export class TopicAdmin {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async createTopic(name: string, options?: TopicOptions): Promise<TopicInfo> {
    validateTopicName(name, this.#delivery.context.limits);
    const resolved = resolveTopicOptions(options);
    const topic = await this.#delivery.topics.create(name, resolved);
    if (!sameOptions(topic.record.options, resolved)) {
      throw new BrokerError(
        'MQ_TOPIC_EXISTS',
        `Topic ${JSON.stringify(name)} exists with ${JSON.stringify(topic.record.options)}; updateTopic changes it`,
      );
    }
    return this.#infoOf(topic);
  }

  async updateTopic(name: string, options: TopicOptions): Promise<TopicInfo> {
    validateTopicName(name, this.#delivery.context.limits);
    const topic = await this.#delivery.topics.update(name, (record) => {
      const resolved = resolveTopicOptions(options, record.options);
      if (resolved.queueCount < record.options.queueCount) {
        throw illegalArgument(
          `queueCount of topic ${JSON.stringify(name)} is ${record.options.queueCount}; it can grow but not shrink to ${resolved.queueCount}`,
        );
      }
      if ((resolved.type === 'priority') !== (record.options.type === 'priority')) {
        throw illegalArgument(
          `Topic ${JSON.stringify(name)} is of type '${record.options.type}'; a topic has priorities from its creation or never, so create another one`,
        );
      }
      return resolved;
    });
    return this.#infoOf(topic);
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#delivery.topics.delete(validateTopicName(name, this.#delivery.context.limits));
  }

  async getTopic(name: string): Promise<TopicInfo | undefined> {
    const topic = await this.#delivery.topics.find(name);
    return topic === undefined ? undefined : this.#infoOf(topic);
  }

  #infoOf(topic: Topic): TopicInfo {
    return infoOf(topic, this.#delivery.context.store.index.delays.countOf(topic.record.topicId));
  }

  async listTopics(page?: PageRequest): Promise<Page<TopicInfo>> {
    const { topicsByName } = this.#delivery.context.store.index.catalogue;
    const { items, ...rest } = pageByName(topicsByName.values(), page);
    const topics = await Promise.all(items.map(({ name }) => this.getTopic(name)));
    return { items: topics.filter((topic) => topic !== undefined), ...rest };
  }
}

function sameOptions(left: ResolvedTopicOptions, right: ResolvedTopicOptions): boolean {
  return (
    left.type === right.type &&
    left.queueCount === right.queueCount &&
    left.ttlMs === right.ttlMs &&
    dedupWindowOf(left) === dedupWindowOf(right)
  );
}

function infoOf({ record, queues }: Topic, delayed: number): TopicInfo {
  return {
    name: record.name,
    topicId: record.topicId,
    type: record.options.type,
    queueCount: record.options.queueCount,
    createdQueueCount: record.createdQueueCount,
    ttlMs: record.options.ttlMs,
    dedupWindowMs: dedupWindowOf(record.options),
    delayed,
    createdAtMs: record.createdAtMs,
    queues: queues.map(({ queueId, end }) => ({ ...placeOfQueue(record.options.type, queueId), minOffset: 0, maxOffset: end })),
  };
}
