import type { DurableStore, WriteOperation } from '../../../src/model/key-value-port.ts';
import { memoryStorage } from '../../../src/platform/memory/memory-storage.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import type { BrokerIndex } from '../../../src/storage/index/broker-index.ts';
import { Envelope } from '../../../src/storage/index/envelope.ts';
import type { QueueProgress } from '../../../src/storage/index/queue-progress.ts';
import { StillClock } from '../still-clock.ts';

export const envelope: Envelope = new Envelope(portableCrc32);

/** An index store in memory. */
export async function memoryStore(): Promise<DurableStore> {
  const directory = await memoryStorage().acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock: new StillClock() });
  return await directory.openStore('index', { create: true });
}

/** Writes that were applied to a plain map, under keys in hexadecimal. */
export class WrittenValues {
  readonly values: Map<string, readonly [key: Uint8Array, value: Uint8Array]> = new Map();

  apply(operations: readonly WriteOperation[]): void {
    for (const { key, value } of operations) {
      const name = Buffer.from(key).toString('hex');
      if (value === undefined) this.values.delete(name);
      else this.values.set(name, [key.slice(), value.slice()]);
    }
  }

  /** Entries whose key begins with a byte, in key order. */
  under(prefix: number): (readonly [Uint8Array, Uint8Array])[] {
    return [...this.values.entries()]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, entry]) => entry)
      .filter(([key]) => key[0] === prefix);
  }
}

/** Everything that a delivery state knows and that must outlast the process, in a form that compares. */
export function stateOf(progress: QueueProgress): unknown {
  const { floor, frontier, nextLease, settled } = progress;
  const settledBits = [...settled.chunks()]
    .sort((left, right) => left - right)
    .flatMap((chunk) => {
      const bytes = settled.chunkBytes(chunk);
      return bytes === undefined ? [] : [[chunk, Buffer.from(bytes).toString('base64')]];
    });
  const unsettled = [...progress.unsettled.values()]
    .sort((left, right) => left.offset - right.offset)
    .map(({ offset, state, attempt, leaseNumber, visibleAtMs, durationMs, holder, deaths }) => {
      return { offset, state, attempt, leaseNumber, visibleAtMs, durationMs, holder, deaths };
    });
  return { floor, frontier, nextLease, settledBits, unsettled };
}

/** What an index answers to every question that can be asked of it. */
export async function answersOf(index: BrokerIndex): Promise<unknown> {
  const { catalogue } = index;
  const queues: unknown[] = [];
  for (const topic of [...catalogue.topics.values()].sort((left, right) => left.topicId - right.topicId)) {
    for (let queueId = 0; queueId < topic.options.queueCount; queueId++) {
      const queue = await index.loadQueue(topic.topicId, queueId);
      const entries: unknown[] = [];
      for (let offset = 0; offset < queue.end; offset++) {
        const run = await index.loadRun(queue, offset);
        entries.push([run.positionAt(offset), run.tagHashAt(offset), run.groupKeyAt(offset)]);
      }
      queues.push({ name: `${topic.topicId}/${queueId}`, entries });
    }
  }
  const progresses: unknown[] = [];
  const letters: unknown[] = [];
  for (const groupId of [...catalogue.groups.keys()].sort((left, right) => left - right)) {
    for (const topic of [...catalogue.topics.values()].sort((left, right) => left.topicId - right.topicId)) {
      for (let queueId = 0; queueId < topic.options.queueCount; queueId++) {
        const address = { groupId, topicId: topic.topicId, queueId };
        progresses.push({ address, state: stateOf(await index.loadProgress(address)) });
      }
    }
    for await (const { address, mark } of index.deadLetters.list(groupId)) letters.push({ address, mark });
  }
  const maps = [catalogue.topics, catalogue.topicsByName, catalogue.groups, catalogue.groupsByName, catalogue.subscriptions];
  const { nextTopicId, nextGroupId } = catalogue;
  return { maps: maps.map(sorted), nextTopicId, nextGroupId, queues, progresses, letters };
}

function sorted(map: ReadonlyMap<unknown, unknown>): unknown {
  return [...map.entries()]
    .map(([key, value]): [unknown, unknown] => [key, value instanceof Map ? sorted(value) : value])
    .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1));
}
