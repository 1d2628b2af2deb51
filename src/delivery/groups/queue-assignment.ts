import type { MessageFilter } from '../../model/message-filter.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { committedPosition } from './pull-position.ts';
import { shareQueues } from './queue-shares.ts';

/** A pull consumer as rebalancing sees it. */
export interface QueueReader {
  /** What it subscribes to, by topic name. */
  readonly filters: ReadonlyMap<string, MessageFilter>;
  /** The queues that it reads now. */
  readonly assigned: ReadonlySet<GroupQueue>;
  /** Names of the queues that its application has chosen; then rebalancing leaves it alone. */
  readonly chosen: ReadonlySet<string> | undefined;
  /** It reads these queues from now on. */
  assign(queues: ReadonlySet<GroupQueue>): void;
}

/** Tells queues apart also where their topic was deleted and created again. No topic has a blank in its name. */
export function queueName({ topic, queue }: GroupQueue): string {
  const { queueId, priority = '' } = topic.placeOf(queue.queueId);
  return `${topic.record.name} ${queueId} ${priority}`;
}

/**
 * Rebalances a pull group: what its readers have not chosen is shared out among those that choose nothing. A queue that changes hands is read on
 * from the position that is stored, so that what its last reader has not committed comes again.
 */
export function assignQueues(queuesByTopic: Iterable<readonly GroupQueue[]>, readers: readonly QueueReader[]): void {
  if (readers.length === 0) return;
  const queues = [...queuesByTopic].flat();
  const assignment = assignmentOf(queues, readers);
  for (const reader of readers) release(reader.assigned, assignment.get(reader));
  for (const [reader, assigned] of assignment) if (!isSame(reader.assigned, assigned)) reader.assign(assigned);
}

/** Queues of a reader that is gone are for the others. */
export function releaseQueues(queues: ReadonlySet<GroupQueue>): void {
  release(queues, undefined);
}

function assignmentOf(queues: readonly GroupQueue[], readers: readonly QueueReader[]): Map<QueueReader, ReadonlySet<GroupQueue>> {
  const assignment = new Map<QueueReader, ReadonlySet<GroupQueue>>();
  const chosen = new Set<GroupQueue>();
  for (const reader of readers) {
    if (reader.chosen === undefined) continue;
    const names = reader.chosen;
    const present = queues.filter((queue) => names.has(queueName(queue)));
    assignment.set(reader, new Set(present));
    for (const queue of present) chosen.add(queue);
  }
  const free = queues.filter((queue) => !chosen.has(queue));
  const sharing = readers.filter((reader) => reader.chosen === undefined);
  const shares = shareQueues(inOneHand(free), sharing, {
    topicOf: ([first]) => first?.topic.record.name ?? '',
    isWanted: (reader, topicName) => reader.filters.has(topicName),
    isHeld: (reader, together) => together.some((queue) => reader.assigned.has(queue)),
  });
  for (const [reader, share] of shares) {
    const assigned = new Set([...share].flat());
    assignment.set(reader, new Set(queues.filter((queue) => assigned.has(queue))));
  }
  return assignment;
}

/** The priorities of a queue go to one reader, who takes the highest first. */
function inOneHand(queues: readonly GroupQueue[]): GroupQueue[][] {
  const together = new Map<string, GroupQueue[]>();
  for (const queue of queues) {
    const { topicId, queueId } = queue.queue;
    const place = queue.topic.placeOf(queueId);
    const key = `${topicId}/${place.queueId}`;
    const others = together.get(key);
    if (others === undefined) together.set(key, [queue]);
    else others.push(queue);
  }
  return [...together.values()];
}

function release(before: ReadonlySet<GroupQueue>, after: ReadonlySet<GroupQueue> | undefined): void {
  for (const queue of before) if (after?.has(queue) !== true) queue.continueAt(committedPosition(queue));
}

function isSame(left: ReadonlySet<GroupQueue>, right: ReadonlySet<GroupQueue>): boolean {
  if (left.size !== right.size) return false;
  for (const queue of left) if (!right.has(queue)) return false;
  return true;
}
