import { placeOfQueue, type QueuePlace } from '../model/priority-levels.ts';
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
  /** Stored queues by their number; in a priority topic ten for each of its queues. */
  readonly queues: ConsumeQueue[];
  /** Groups with consumers that go through it. */
  readonly groups: Set<TopicSubscriber> = new Set();
  /** It is being deleted, or is gone: nothing is sent to it any more. */
  closed = false;
  /** Messages arrived since its groups were woken. */
  arrived = false;
  /** The queue whose turn is next; not a stored one. */
  nextQueue = 0;

  constructor(record: TopicRecord, queues: ConsumeQueue[]) {
    this.record = record;
    this.queues = queues;
  }

  /** Whether each of its queues has a stored queue for each priority. */
  get hasPriorities(): boolean {
    return this.record.options.type === 'priority';
  }

  /** A stored queue as applications see it. */
  placeOf(storedQueueId: number): QueuePlace {
    return placeOfQueue(this.record.options.type, storedQueueId);
  }
}
