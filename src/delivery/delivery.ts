import type { ResolvedTopicOptions } from '../model/topic.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { ConsumerGroups } from './groups/consumer-groups.ts';
import type { GroupQueue } from './queues/group-queue.ts';
import { Deduplication } from './sending/deduplication.ts';
import { Sender } from './sending/send.ts';
import { SendGate } from './sending/send-gate.ts';
import { SendReadiness } from './sending/send-readiness.ts';
import { Settlement } from './settling/settle.ts';
import { Topics } from './topics.ts';
import { DueMessages } from './waiting/due-messages.ts';

/** Every verb of the delivery room behind one face, wired once. */
export class Delivery {
  readonly context: DeliveryContext;
  readonly topics: Topics;
  readonly groups: ConsumerGroups;
  readonly gate: SendGate;
  readonly deduplication: Deduplication;
  readonly readiness: SendReadiness;
  readonly sender: Sender;
  readonly settlement: Settlement;
  readonly dueMessages: DueMessages;

  constructor(context: DeliveryContext, options: { autoCreateTopics: ResolvedTopicOptions | undefined; autoCreateGroups: boolean }) {
    this.context = context;
    this.topics = new Topics(context, options.autoCreateTopics);
    this.groups = new ConsumerGroups(context, this.topics, options.autoCreateGroups);
    this.gate = new SendGate(context);
    this.deduplication = new Deduplication(context);
    this.readiness = new SendReadiness(context, this.topics, this.gate);
    this.sender = new Sender(context, { readiness: this.readiness, gate: this.gate, deduplication: this.deduplication });
    this.settlement = new Settlement(context);
    this.dueMessages = new DueMessages(context, this.topics);
  }

  /** Groups whose state holds something that is due by itself, loaded at open: their leases run out with nobody asking. */
  async recallUnsettled(): Promise<void> {
    for (const progress of [...this.context.store.index.loadedProgresses()]) {
      if (progress.unsettled.size === 0) continue;
      const group = this.groups.byId(progress.address.groupId);
      const record = this.context.store.index.catalogue.topics.get(progress.address.topicId);
      const topic = record === undefined ? undefined : await this.topics.find(record.name);
      if (group !== undefined && topic !== undefined) await group.attachTopic(topic);
    }
  }
}

/** What a deadline calls: the message knows its queue. */
export function fireDeadline(message: UnsettledMessage): void {
  const queue = message.progress.live as GroupQueue | undefined;
  queue?.group.due(message);
}
