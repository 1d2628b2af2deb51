import type { MessageDraft } from '../../model/message-validation.ts';
import { storedQueueId } from '../../model/priority-levels.ts';
import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import { hashMessageGroup, queueOfHash } from '../../storage/message-group-hash.ts';
import type { Topic } from '../topic.ts';
import type { Route } from './route.ts';

/**
 * Chooses a message's queue: by the hash of its message group over the queues that the topic was created with, so that a group never moves;
 * by the hash of its partition key over all queues; else in turn. In a priority topic the queue has a part for each priority.
 */
export function chooseQueue(topic: Topic, draft: MessageDraft): Route {
  const { record } = topic;
  if (draft.messageGroup !== undefined) {
    const groupHash = hashMessageGroup(draft.messageGroup);
    return { topic, queue: queueAt(topic, queueOfHash(groupHash, record.createdQueueCount), draft), groupHash };
  }
  const { queueCount } = record.options;
  if (draft.partitionKey !== undefined) {
    const chosen = queueOfHash(hashMessageGroup(draft.partitionKey), queueCount);
    return { topic, queue: queueAt(topic, chosen, draft), groupHash: undefined };
  }
  const queue = queueAt(topic, topic.nextQueue % queueCount, draft);
  topic.nextQueue = (topic.nextQueue + 1) % queueCount;
  return { topic, queue, groupHash: undefined };
}

function queueAt(topic: Topic, queueId: number, draft: MessageDraft): ConsumeQueue {
  const stored = topic.hasPriorities ? storedQueueId(queueId, draft.terms?.priority ?? 0) : queueId;
  return topic.queues[stored] as ConsumeQueue;
}
