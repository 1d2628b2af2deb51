import type { TopicRecord } from '../storage/index/catalogue.ts';
import type { ConsumeQueue } from '../storage/index/consume-queue.ts';

/** A consumer group that goes through a topic. */
export interface TopicSubscriber {
  wake(): void;
  detachTopic(topic: Topic): void;
}

/** A topic in use: its queues are loaded. */
export class Topic {
  record: TopicRecord;
  readonly queues: ConsumeQueue[];
  /** Groups with consumers that go through it. */
  readonly groups: Set<TopicSubscriber> = new Set();
  /** It is being deleted, or is gone: nothing is sent to it any more. */
  closed = false;
  /** Messages arrived since its groups were woken. */
  arrived = false;
  /** The queue whose turn is next. */
  nextQueue = 0;

  constructor(record: TopicRecord, queues: ConsumeQueue[]) {
    this.record = record;
    this.queues = queues;
  }
}
