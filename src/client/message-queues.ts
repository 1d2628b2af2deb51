import type { PullMember } from '../delivery/groups/pull-member.ts';
import type { GroupQueue } from '../delivery/queues/group-queue.ts';
import { topicNotFound } from '../delivery/topics.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import { checkFieldNames, requireInteger, requireObject } from '../model/option-checks.ts';
import type { MessageQueue } from '../model/pull-consumer.ts';
import { quoted } from '../model/quoted.ts';

const KNOWN: ReadonlySet<string> = new Set(['topic', 'queueId', 'priority']);

/** A queue as an application names it. */
export function messageQueueOf({ topic, queue }: GroupQueue): MessageQueue {
  return { topic: topic.record.name, ...topic.placeOf(queue.queueId) };
}

/**
 * The queue that a consumer reads now and that an application names.
 * @throws BrokerError `MQ_QUEUE_NOT_ASSIGNED`
 */
export function assignedQueue({ assigned }: PullMember, queue: MessageQueue): GroupQueue {
  checkQueue(queue);
  for (const candidate of assigned) if (isNamed(candidate, queue)) return candidate;
  throw new BrokerError('MQ_QUEUE_NOT_ASSIGNED', `${described(queue)} is not assigned to this consumer; assignment() lists what is`);
}

/** The queues that an application chooses, whether or not another consumer has them now. */
export function chosenQueues({ filters, group }: PullMember, queues: readonly MessageQueue[]): ReadonlySet<GroupQueue> {
  if (!Array.isArray(queues)) throw illegalArgument('assign takes a list of queues, such as [{ topic: "orders", queueId: 0 }]');
  const known = [...group.queues.values()].flat();
  const chosen = new Set<GroupQueue>();
  for (const queue of queues as readonly MessageQueue[]) {
    checkQueue(queue);
    if (!filters.has(queue.topic)) throw illegalArgument(`The consumer does not subscribe to topic ${quoted(queue.topic)}`);
    const found = known.find((candidate) => isNamed(candidate, queue));
    if (found === undefined) throw missing(known, queue);
    chosen.add(found);
  }
  return chosen;
}

function checkQueue(queue: MessageQueue): void {
  checkFieldNames('A queue', requireObject('A queue', queue), KNOWN);
  if (typeof queue.topic !== 'string') throw illegalArgument('The topic of a queue must be a string');
  requireInteger('queueId', queue.queueId, 0);
  if (queue.priority !== undefined) requireInteger('priority', queue.priority, 0);
}

function isNamed({ topic, queue }: GroupQueue, named: MessageQueue): boolean {
  const { queueId, priority } = topic.placeOf(queue.queueId);
  return topic.record.name === named.topic && queueId === named.queueId && priority === named.priority;
}

function missing(known: readonly GroupQueue[], queue: MessageQueue): Error {
  const topic = known.find((candidate) => candidate.topic.record.name === queue.topic)?.topic;
  if (topic === undefined) return topicNotFound(queue.topic, 'only the queues of a topic that exists can be assigned');
  const { queueCount } = topic.record.options;
  if (queue.queueId >= queueCount) return illegalArgument(`queueId ${queue.queueId} is not one of the topic's ${queueCount} queues`);
  return illegalArgument(
    topic.hasPriorities
      ? `A queue of priority topic ${quoted(queue.topic)} needs a priority of 0 to 9: each has offsets of its own`
      : `Topic ${quoted(queue.topic)} has no priorities; leave priority out`,
  );
}

function described({ topic, queueId, priority }: MessageQueue): string {
  const level = priority === undefined ? '' : `, priority ${priority},`;
  return `Queue ${queueId}${level} of topic ${quoted(topic)}`;
}
