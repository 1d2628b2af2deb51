/** What sharing has to know of queues and of those who read them. */
interface ShareRules<Queue, Reader> {
  topicOf(queue: Queue): string;
  /** Whether a reader subscribes to the topic. */
  isWanted(reader: Reader, topicName: string): boolean;
  /** Whether a reader has the queue now. */
  isHeld(reader: Reader, queue: Queue): boolean;
}

interface Share<Queue, Reader> {
  readonly reader: Reader;
  readonly queues: Set<Queue>;
}

/**
 * Shares queues out among readers: each queue to one that subscribes to its topic, so that no reader has two more than another one that could take
 * them. A reader keeps what it has as far as that allows, because a queue that changes hands is read again from its stored position.
 */
export function shareQueues<Queue, Reader>(
  queues: readonly Queue[],
  readers: readonly Reader[],
  rules: ShareRules<Queue, Reader>,
): Map<Reader, ReadonlySet<Queue>> {
  const shares = readers.map((reader) => ({ reader, queues: new Set<Queue>() }));
  const free: Queue[] = [];
  for (const queue of queues) {
    const wanting = wantedBy(shares, rules, queue);
    const holder = wanting.find(({ reader }) => rules.isHeld(reader, queue));
    if (holder !== undefined) holder.queues.add(queue);
    else if (wanting.length > 0) free.push(queue);
  }
  for (const queue of free) smallest(wantedBy(shares, rules, queue)).queues.add(queue);
  while (moveOne(shares, rules));
  return new Map(shares.map(({ reader, queues }) => [reader, queues]));
}

function wantedBy<Queue, Reader>(
  shares: readonly Share<Queue, Reader>[],
  { topicOf, isWanted }: ShareRules<Queue, Reader>,
  queue: Queue,
): Share<Queue, Reader>[] {
  const topicName = topicOf(queue);
  return shares.filter(({ reader }) => isWanted(reader, topicName));
}

/** Ends after a while, because every move makes the shares more alike. */
function moveOne<Queue, Reader>(shares: readonly Share<Queue, Reader>[], rules: ShareRules<Queue, Reader>): boolean {
  const largestFirst = shares.toSorted((left, right) => right.queues.size - left.queues.size);
  for (const from of largestFirst) {
    for (const queue of mostOfTopicFirst(from.queues, rules)) {
      const to = smallest(wantedBy(shares, rules, queue));
      if (from.queues.size - to.queues.size < 2) continue;
      from.queues.delete(queue);
      to.queues.add(queue);
      return true;
    }
  }
  return false;
}

/** Queues of the topic of which there are most come first, so that the queues of each topic are spread over the readers. */
function mostOfTopicFirst<Queue, Reader>(queues: ReadonlySet<Queue>, { topicOf }: ShareRules<Queue, Reader>): Queue[] {
  const counts = new Map<string, number>();
  for (const queue of queues) counts.set(topicOf(queue), (counts.get(topicOf(queue)) ?? 0) + 1);
  const countOf = (queue: Queue): number => counts.get(topicOf(queue)) ?? 0;
  return [...queues].sort((left, right) => countOf(right) - countOf(left));
}

/** The first of the smallest. */
function smallest<Queue, Reader>(shares: readonly Share<Queue, Reader>[]): Share<Queue, Reader> {
  return shares.reduce((least, share) => (share.queues.size < least.queues.size ? share : least));
}
