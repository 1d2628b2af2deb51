import type { Delivery } from '../delivery/delivery.ts';
import { type ConsumerGroup, groupNotFound } from '../delivery/groups/consumer-group.ts';
import { refuseBroadcast } from '../delivery/groups/group-kind.ts';
import type { GroupQueue } from '../delivery/queues/group-queue.ts';
import { oldestUnsettled } from '../delivery/queues/oldest-unsettled.ts';
import { resetOffset } from '../delivery/queues/reset-offset.ts';
import { offsetWithin, startOffset } from '../delivery/queues/start-position.ts';
import type { Topic } from '../delivery/topic.ts';
import { topicNotFound } from '../delivery/topics.ts';
import type { GroupProgress, OffsetReset, Page, PageRequest, ResetOffsetRequest } from '../model/admin.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import { type GroupInfo, type GroupOptions, type ResolvedGroupOptions, resolveGroupOptions, resolveStartFrom } from '../model/group.ts';
import { validateGroupName, validateTopicName } from '../model/names.ts';
import { checkFieldNames, requireBoolean, requireInteger, requireObject } from '../model/option-checks.ts';
import { PRIORITY_LEVELS } from '../model/priority-levels.ts';
import { pageByName } from './page.ts';
import { progressTogether } from './progress-together.ts';

const RESET_RULE = "resetOffset goes to 'earliest', 'latest', { atMs } or { offset }";
const RESET_KNOWN: ReadonlySet<string> = new Set(['topic', 'queueId', 'priority', 'to', 'dryRun']);

/** Consumer groups and how far they are, as administration creates, changes and shows them. */
export class GroupAdmin {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async createGroup(name: string, options?: GroupOptions): Promise<GroupInfo> {
    validateGroupName(name, this.#delivery.context.limits);
    const resolved = resolveGroupOptions(options);
    const group = await this.#delivery.groups.create(name, resolved);
    if (!sameOptions(group.record.options, resolved)) {
      throw new BrokerError(
        'MQ_GROUP_EXISTS',
        `Consumer group ${JSON.stringify(name)} exists with other options; updateGroup changes them`,
      );
    }
    return infoOf(group);
  }

  async updateGroup(name: string, options: GroupOptions): Promise<GroupInfo> {
    validateGroupName(name, this.#delivery.context.limits);
    const group = await this.#delivery.groups.update(name, (record) => {
      const resolved = resolveGroupOptions(options, record.options);
      const open = this.#delivery.groups.find(name)?.members.size ?? 0;
      if (resolved.ordered !== record.options.ordered && open > 0) {
        throw new BrokerError(
          'MQ_GROUP_IN_USE',
          `"ordered" of group ${JSON.stringify(name)} cannot change while it has open consumers; close them first`,
        );
      }
      return { ...record, options: resolved };
    });
    return infoOf(group);
  }

  async deleteGroup(name: string): Promise<void> {
    await this.#delivery.groups.delete(validateGroupName(name, this.#delivery.context.limits));
  }

  getGroup(name: string): Promise<GroupInfo | undefined> {
    const group = this.#delivery.groups.find(name);
    return Promise.resolve(group === undefined ? undefined : infoOf(group));
  }

  listGroups(page?: PageRequest): Promise<Page<GroupInfo>> {
    const { groupsByName } = this.#delivery.context.store.index.catalogue;
    const { items, ...rest } = pageByName(groupsByName.values(), page);
    const groups = items.map(({ name }) => this.#delivery.groups.find(name)).filter((group) => group !== undefined);
    return Promise.resolve({ items: groups.map(infoOf), ...rest });
  }

  async getGroupProgress(name: string): Promise<GroupProgress[]> {
    const group = this.#find(name);
    if (group.record.kind === 'broadcast') {
      const open = [...group.members].flatMap((member) => [...member.group.queues.values()].flat());
      return progressTogether(await Promise.all(open.map((queue) => this.#progressOf(queue))));
    }
    const queues = await this.#queuesOf(group);
    return await Promise.all(queues.map((queue) => this.#progressOf(queue)));
  }

  async resetOffset(name: string, request: ResetOffsetRequest): Promise<OffsetReset[]> {
    checkFieldNames('resetOffset', requireObject('The request of resetOffset', request), RESET_KNOWN);
    const group = this.#find(name);
    refuseBroadcast(group.record, 'resetOffset');
    const dryRun = requireBoolean('dryRun', request.dryRun ?? false);
    const topicName = validateTopicName(request.topic, this.#delivery.context.limits);
    const topic = await this.#delivery.topics.find(topicName);
    if (topic === undefined) throw topicNotFound(topicName, 'only a topic that exists has positions');
    await group.attachTopic(topic);
    const all = group.queues.get(topic.record.topicId) ?? [];
    const queues = queuesOf(all, topic, request);
    // All of them are found before the first is written, and then one write has them all.
    const targets = await Promise.all(queues.map(async (queue) => ({ queue, to: await this.#target(queue, request) })));
    const resets = targets.map(({ queue, to }) => {
      return { topic: topicName, ...topic.placeOf(queue.queue.queueId), from: queue.progress.floor, to };
    });
    if (!dryRun) await Promise.all(targets.map(({ queue, to }) => resetOffset(this.#delivery.context, queue, to)));
    return resets;
  }

  async #target(queue: GroupQueue, request: ResetOffsetRequest): Promise<number> {
    const { to } = request;
    if (typeof to === 'object' && to !== null && 'offset' in to) {
      if (request.queueId === undefined) throw illegalArgument('resetOffset to an offset needs a queueId');
      if (queue.topic.hasPriorities && request.priority === undefined)
        throw illegalArgument('resetOffset to an offset of a priority topic needs a priority: each has offsets of its own');
      return offsetWithin(queue.queue, to.offset);
    }
    return await startOffset(this.#delivery.context, queue.queue, resolveStartFrom(to, RESET_RULE));
  }

  #find(name: string): ConsumerGroup {
    const group = this.#delivery.groups.find(validateGroupName(name, this.#delivery.context.limits));
    if (group === undefined) throw groupNotFound(name);
    return group;
  }

  /** Every queue of every topic that the group has subscribed to, whether or not it has consumers now. */
  async #queuesOf(group: ConsumerGroup): Promise<GroupQueue[]> {
    const { catalogue } = this.#delivery.context.store.index;
    for (const topicName of catalogue.subscriptions.get(group.record.groupId)?.keys() ?? []) {
      const topic = await this.#delivery.topics.find(topicName);
      if (topic !== undefined) await group.attachTopic(topic);
    }
    return [...group.queues.values()].flat();
  }

  async #progressOf(queue: GroupQueue): Promise<GroupProgress> {
    const { progress } = queue;
    const { end } = queue.queue;
    let inflight = 0;
    let delayedRetries = 0;
    for (const message of progress.unsettled.values()) {
      if (message.ready) continue;
      if (message.state === 'leased') inflight++;
      else delayedRetries++;
    }
    const lag = end - progress.floor - progress.settledAboveFloor() + progress.unsettledAgain();
    const oldestUnackedAtMs = await oldestUnsettled(this.#delivery.context, queue);
    return {
      topic: queue.topic.record.name,
      ...queue.topic.placeOf(queue.queue.queueId),
      floor: progress.floor,
      frontier: queue.examined,
      lag,
      inflight,
      delayedRetries,
      oldestUnackedAtMs,
    };
  }
}

/** The queues that a request names. */
function queuesOf(all: readonly GroupQueue[], topic: Topic, { queueId, priority }: ResetOffsetRequest): GroupQueue[] {
  const { queueCount } = topic.record.options;
  if (queueId !== undefined && requireInteger('queueId', queueId, 0) >= queueCount)
    throw illegalArgument(`queueId ${queueId} is not one of the topic's ${queueCount} queues`);
  if (priority !== undefined) {
    requireInteger('priority', priority, 0, PRIORITY_LEVELS - 1);
    if (!topic.hasPriorities) throw illegalArgument(`Topic ${JSON.stringify(topic.record.name)} has no priorities; leave priority out`);
  }
  return all.filter(({ queue }) => {
    const place = topic.placeOf(queue.queueId);
    return (queueId === undefined || place.queueId === queueId) && (priority === undefined || place.priority === priority);
  });
}

function sameOptions(left: ResolvedGroupOptions, right: ResolvedGroupOptions): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function infoOf(group: ConsumerGroup): GroupInfo {
  const { record } = group;
  const subscriptions: Record<string, string> = {};
  for (const member of group.members) for (const [topic, filter] of member.filters) subscriptions[topic] = filter.normal;
  return {
    name: record.name,
    groupId: record.groupId,
    ...record.options,
    kind: record.kind,
    subscriptions,
    createdAtMs: record.createdAtMs,
  };
}
