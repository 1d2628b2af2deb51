/** What sharing has to know of queues and of those who read them. */
interface ShareRules<Queue, Reader> {
  topicOf(queue: Queue): string;
  /** Whether a reader subscribes to the topic. */
  isWanted(reader: Reader, topicName: string): boolean;
  /** Whether a reader has the queue now. */
  isHeld(reader: Reader, queue: Queue): boolean;
}

/** What one reader gets. */
class Share<Queue, Reader> {
  readonly reader: Reader;
  readonly byTopic: Map<string, Queue[]> = new Map();
  size = 0;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  add(topicName: string, queue: Queue): void {
    const ofTopic = this.byTopic.get(topicName);
    if (ofTopic === undefined) this.byTopic.set(topicName, [queue]);
    else ofTopic.push(queue);
    this.size++;
  }

  /** Takes the first queue of a topic off, of which there is one. */
  take(topicName: string): Queue {
    this.size--;
    return this.byTopic.get(topicName)?.shift() as Queue;
  }
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
  const shares = readers.map((reader) => new Share<Queue, Reader>(reader));
  const wantedBy = new Map<string, Share<Queue, Reader>[]>();
  const free: Queue[] = [];
  for (const queue of queues) {
    const topicName = rules.topicOf(queue);
    const wanting = wantedBy.get(topicName) ?? shares.filter(({ reader }) => rules.isWanted(reader, topicName));
    wantedBy.set(topicName, wanting);
    const holder = wanting.find(({ reader }) => rules.isHeld(reader, queue));
    if (holder !== undefined) holder.add(topicName, queue);
    else if (wanting.length > 0) free.push(queue);
  }
  for (const queue of free) {
    const topicName = rules.topicOf(queue);
    smallest(wantedBy.get(topicName) ?? []).add(topicName, queue);
  }
  while (moveOne(shares, wantedBy));
  return new Map(shares.map(({ reader, byTopic }) => [reader, new Set([...byTopic.values()].flat())]));
}

/** Ends after a while, because every move makes the shares more alike. */
function moveOne<Queue, Reader>(
  shares: readonly Share<Queue, Reader>[],
  wantedBy: ReadonlyMap<string, readonly Share<Queue, Reader>[]>,
): boolean {
  for (const from of shares.toSorted((left, right) => right.size - left.size)) {
    const move = moveFrom(from, wantedBy);
    if (move === undefined) continue;
    move.to.add(move.topicName, from.take(move.topicName));
    return true;
  }
  return false;
}

/** A queue of the topic of which there are most moves first, so that the queues of each topic are spread over the readers. */
function moveFrom<Queue, Reader>(
  from: Share<Queue, Reader>,
  wantedBy: ReadonlyMap<string, readonly Share<Queue, Reader>[]>,
): { readonly topicName: string; readonly to: Share<Queue, Reader> } | undefined {
  let most = 0;
  let move: { topicName: string; to: Share<Queue, Reader> } | undefined;
  for (const [topicName, { length }] of from.byTopic) {
    if (length <= most) continue;
    const to = smallest(wantedBy.get(topicName) ?? [from]);
    if (from.size - to.size < 2) continue;
    most = length;
    move = { topicName, to };
  }
  return move;
}

/** The first of the smallest. */
function smallest<Queue, Reader>(shares: readonly Share<Queue, Reader>[]): Share<Queue, Reader> {
  return shares.reduce((least, share) => (share.size < least.size ? share : least));
}
