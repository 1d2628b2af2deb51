import type { MessageDraft } from '../model/message-validation.ts';
import type { ConsumeQueue } from '../storage/index/consume-queue.ts';
import { hashMessageGroup, queueOfHash } from '../storage/message-group-hash.ts';
import type { Route } from './route.ts';
import type { Topic } from './topic.ts';

/**
 * Chooses a message's queue: by the hash of its message group over the queues that the topic was created with, so that a group never moves;
 * by the hash of its partition key over all queues; else in turn.
 */
export function chooseQueue(topic: Topic, draft: MessageDraft): Route {
  if (draft.messageGroup !== undefined) {
    const groupHash = hashMessageGroup(draft.messageGroup);
    return { topic, queue: queueAt(topic, queueOfHash(groupHash, topic.record.createdQueueCount)), groupHash };
  }
  if (draft.partitionKey !== undefined) {
    const chosen = queueOfHash(hashMessageGroup(draft.partitionKey), topic.queues.length);
    return { topic, queue: queueAt(topic, chosen), groupHash: undefined };
  }
  const queue = queueAt(topic, topic.nextQueue);
  topic.nextQueue = (topic.nextQueue + 1) % topic.queues.length;
  return { topic, queue, groupHash: undefined };
}

function queueAt(topic: Topic, queueId: number): ConsumeQueue {
  return topic.queues[queueId] as ConsumeQueue;
}
