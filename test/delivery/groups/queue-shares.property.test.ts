import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareQueues } from '../../../src/delivery/groups/queue-shares.ts';

// The law: each queue goes to one reader that wants its topic, no reader has two more than another that could take one of them, and where all want
// the same no more queues change hands than have to.

interface Queue {
  readonly topic: string;
  readonly id: number;
  readonly holder: number | undefined;
}

interface Reader {
  readonly index: number;
  readonly topics: ReadonlySet<string>;
}

const topics = ['a', 'b', 'c'];
const queue = fc.record({
  topic: fc.constantFrom(...topics),
  id: fc.nat({ max: 9 }),
  holder: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
});
const queues: fc.Arbitrary<Queue[]> = fc.uniqueArray(queue, { maxLength: 24, selector: ({ topic, id }) => `${topic}${id}` });

function readersOf(wishes: readonly (readonly string[])[]): Reader[] {
  return wishes.map((wanted, index) => ({ index, topics: new Set(wanted) }));
}

function share(all: readonly Queue[], readers: readonly Reader[]): Map<Reader, ReadonlySet<Queue>> {
  return shareQueues(all, readers, {
    topicOf: ({ topic }) => topic,
    isWanted: (reader, topic) => reader.topics.has(topic),
    isHeld: (reader, { holder }) => holder === reader.index,
  });
}

test('each queue goes to one reader that wants it, and nobody has too many', () => {
  const wishes = fc.array(fc.subarray(topics), { maxLength: 5 });
  fc.assert(
    fc.property(queues, wishes, (all, wished) => {
      const readers = readersOf(wished);
      const shares = share(all, readers);
      const given = [...shares.values()].flatMap((some) => [...some]);
      const wanted = all.filter(({ topic }) => readers.some((reader) => reader.topics.has(topic)));
      expect(given).toHaveLength(wanted.length);
      expect(new Set(given)).toEqual(new Set(wanted));
      for (const [reader, some] of shares) {
        for (const { topic } of some) {
          expect(reader.topics.has(topic)).toBe(true);
          for (const [other, others] of shares) if (other.topics.has(topic)) expect(some.size - others.size).toBeLessThan(2);
        }
      }
    }),
  );
});

test('where all want the same, a queue changes hands only because its holder has too many', () => {
  fc.assert(
    fc.property(queues, fc.integer({ min: 1, max: 5 }), (all, count) => {
      const readers = readersOf(Array.from({ length: count }, () => topics));
      const shares = share(all, readers);
      const held = readers.map(({ index }) => all.filter(({ holder }) => holder === index).length);
      const kept = readers.map((reader) => [...(shares.get(reader) ?? [])].filter(({ holder }) => holder === reader.index).length);
      const fewest = Math.floor(all.length / count);
      const extra = all.length % count;
      // As many as there may be keep one more than the others.
      const withMore = held.filter((size) => size > fewest).length;
      const mayKeep = held.reduce((sum, size) => sum + Math.min(size, fewest), 0) + Math.min(withMore, extra);
      expect(kept.reduce((sum, size) => sum + size, 0)).toBe(mayKeep);
    }),
  );
});

test('the queues of each topic are spread over readers that come', () => {
  const all = topics.flatMap((topic) => [0, 1, 2, 3].map((id) => ({ topic, id, holder: 0 })));
  const shares = share(all, readersOf([topics, topics]));
  for (const some of shares.values()) for (const topic of topics) expect([...some].filter((each) => each.topic === topic)).toHaveLength(2);
});
