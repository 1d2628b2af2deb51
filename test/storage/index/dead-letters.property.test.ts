import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WriteOperation } from '../../../src/model/key-value-port.ts';
import { DeadLetters, type StoredDeadLetter } from '../../../src/storage/index/dead-letters.ts';
import { deadLetterKey } from '../../../src/storage/index/keys.ts';
import type { DeadLetterMark, ProgressAddress } from '../../../src/storage/log/state-records.ts';
import { envelope, memoryStore } from './index-bench.ts';

type Step =
  | { readonly verb: 'put' | 'remove'; readonly at: ProgressAddress; readonly offset: number }
  | { readonly verb: 'begin' | 'written' | 'rejected' | 'rejectedButWritten' };

const address: fc.Arbitrary<ProgressAddress> = fc.record({
  groupId: fc.integer({ min: 1, max: 2 }),
  topicId: fc.constantFrom(1, 256),
  queueId: fc.nat({ max: 1 }),
});
const offset = fc.constantFrom(0, 1, 2, 255, 256, 2 ** 33);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record<Step & { verb: 'put' | 'remove' }>({ verb: fc.constantFrom('put', 'put', 'remove'), at: address, offset }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step['verb'][]>('begin', 'written', 'rejected', 'rejectedButWritten').map((verb) => ({ verb }) as Step),
  },
);

const markOf = (at: number, version: number): DeadLetterMark => {
  return { offset: at, attempts: version, atMs: version, reason: `reason ${version}`, position: 65_536 + version };
};
const nameOf = (at: ProgressAddress, mark: { offset: number }): string => Buffer.from(deadLetterKey(at, mark.offset)).toString('hex');

async function listed(letters: DeadLetters, groupId: number, after?: Uint8Array): Promise<StoredDeadLetter[]> {
  const all: StoredDeadLetter[] = [];
  for await (const letter of letters.list(groupId, after)) all.push(letter);
  return all;
}

describe('the dead letters of a group', () => {
  test('are those of a plain map, in key order, wherever each of them lies at the moment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const store = await memoryStore();
        const letters = new DeadLetters(store, envelope);
        const naive = new Map<string, { at: ProgressAddress; mark: DeadLetterMark }>();
        let running: { operations: WriteOperation[]; done: () => void; failed: () => void } | undefined;
        for (const [version, one] of steps.entries()) {
          if (one.verb === 'put') {
            const mark = markOf(one.offset, version);
            letters.put(one.at, mark, version);
            naive.set(nameOf(one.at, mark), { at: one.at, mark });
          } else if (one.verb === 'remove') {
            letters.remove(one.at, one.offset, version);
            naive.delete(nameOf(one.at, one));
          } else if (one.verb === 'begin') {
            if (running !== undefined) continue;
            const operations: WriteOperation[] = [];
            running = { operations, ...letters.snapshot(operations) };
          } else if (running !== undefined) {
            if (one.verb !== 'rejected') await store.write(running.operations);
            if (one.verb === 'written') running.done();
            else running.failed();
            running = undefined;
          }
        }
        for (const groupId of [1, 2]) {
          const expected = [...naive.entries()]
            .filter(([, { at }]) => at.groupId === groupId)
            .sort(([left], [right]) => (left < right ? -1 : 1))
            .map(([name, { at, mark }]) => ({ name, address: at, mark }));
          const all = await listed(letters, groupId);
          const seen = all.map((one) => ({ name: Buffer.from(one.key).toString('hex'), address: one.address, mark: one.mark }));
          expect(seen).toEqual(expected);
          for (const [i, { key, address: at, mark }] of all.entries()) {
            expect((await listed(letters, groupId, key)).map((one) => one.mark)).toEqual(expected.slice(i + 1).map((one) => one.mark));
            expect(await letters.get(at, mark.offset)).toEqual(mark);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('are listed over many pages, with changes between stored ones', async () => {
    const store = await memoryStore();
    const letters = new DeadLetters(store, envelope);
    const at = { groupId: 1, topicId: 1, queueId: 0 };
    for (let i = 0; i < 1000; i += 2) letters.put(at, markOf(i, 1), 1);
    const operations: WriteOperation[] = [];
    const { done } = letters.snapshot(operations);
    await store.write(operations);
    done();
    for (let i = 1; i < 1000; i += 2) letters.put(at, markOf(i, 2), 2);
    for (let i = 0; i < 1000; i += 5) letters.remove(at, i, 3);
    const offsets = (await listed(letters, 1)).map(({ mark }) => mark.offset);
    expect(offsets).toEqual(Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 5 !== 0));
  });

  test('are listed once each when a checkpoint ends in the middle of the list', async () => {
    const store = await memoryStore();
    const letters = new DeadLetters(store, envelope);
    const at = { groupId: 1, topicId: 1, queueId: 0 };
    for (let i = 0; i < 600; i++) letters.put(at, markOf(i, 1), 1);
    const first: WriteOperation[] = [];
    const stored = letters.snapshot(first);
    await store.write(first);
    stored.done();
    for (let i = 600; i < 1200; i++) letters.put(at, markOf(i, 2), 2);
    const operations: WriteOperation[] = [];
    const { done } = letters.snapshot(operations);
    const seen: number[] = [];
    for await (const { mark } of letters.list(1)) {
      seen.push(mark.offset);
      if (seen.length !== 300) continue;
      await store.write(operations);
      done();
    }
    expect(seen).toEqual(Array.from({ length: 1200 }, (_, i) => i));
  });

  test('are gone with their group', async () => {
    const letters = new DeadLetters(await memoryStore(), envelope);
    letters.put({ groupId: 1, topicId: 1, queueId: 0 }, markOf(1, 1), 1);
    letters.put({ groupId: 2, topicId: 1, queueId: 0 }, markOf(1, 1), 1);
    letters.forget(1);
    expect([(await listed(letters, 1)).length, (await listed(letters, 2)).length]).toEqual([0, 1]);
  });
});
