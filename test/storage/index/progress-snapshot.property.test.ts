import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PREFIX } from '../../../src/storage/index/keys.ts';
import { loadProgress, snapshotProgress } from '../../../src/storage/index/progress-snapshot.ts';
import { QueueProgress } from '../../../src/storage/index/queue-progress.ts';
import { CHUNK_OFFSETS } from '../../../src/storage/index/settled-offsets.ts';
import { terms } from '../arbitraries.ts';
import { envelope, stateOf, WrittenValues } from './index-bench.ts';

const ADDRESS = { groupId: 3, topicId: 5, queueId: 1 };
const offset = fc
  .tuple(fc.constantFrom(0, 0, CHUNK_OFFSETS, 2 * CHUNK_OFFSETS), fc.nat({ max: 12 }))
  .map(([border, distance]) => Math.max(0, border + distance - 4));

type Change = (progress: QueueProgress) => void;
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(offset, fc.nat({ max: 20 }), terms).map(
    ([at, attempt, given]): Change =>
      (progress) => {
        progress.handOut(at, attempt, given.firstLease, given);
      },
  ),
  offset.map(
    (at): Change =>
      (progress) =>
        progress.settle(at),
  ),
  fc.tuple(offset, fc.constantFrom(5, CHUNK_OFFSETS)).map(
    ([first, count]): Change =>
      (progress) => {
        for (let at = first; at < first + count; at++) progress.settle(at);
      },
  ),
  offset.map(
    (at): Change =>
      (progress) =>
        progress.giveBack(at),
  ),
  fc.tuple(offset, fc.nat(), fc.nat()).map(
    ([at, visibleAtMs, delayMs]): Change =>
      (progress) => {
        progress.retryLater({ offset: at, visibleAtMs, delayMs });
      },
  ),
  fc.tuple(offset, terms).map(
    ([at, given]): Change =>
      (progress) =>
        progress.changeInvisible(at, given),
  ),
  offset.map(
    (at): Change =>
      (progress) => {
        progress.redrive(at);
      },
  ),
  offset.map(
    (at): Change =>
      (progress) =>
        progress.reset(at),
  ),
  fc.boolean().map(
    (unclean): Change =>
      (progress) =>
        progress.releaseProcessLeases(unclean),
  ),
);

/** What the index holds, and how it is read. */
class Stored extends WrittenValues {
  save(progress: QueueProgress): void {
    const operations: Parameters<typeof snapshotProgress>[1] = [];
    snapshotProgress(progress, operations, envelope);
    this.apply(operations);
  }

  load(): QueueProgress {
    const [head] = this.under(PREFIX.progress);
    const inFlight = this.under(PREFIX.inFlight).length > 0;
    return loadProgress(ADDRESS, head, this.under(PREFIX.progressChunk), { envelope, start: 0, inFlight, onDirty: () => undefined });
  }
}

const fresh = (): QueueProgress => new QueueProgress(ADDRESS, 0, () => undefined);

describe('the snapshot of a delivery state', () => {
  test('is loaded as it was, whatever happened between any two snapshots, and one that failed is made up for', () => {
    const step = fc.tuple(fc.constantFrom('save', 'lose', 'reload', 'nothing', 'nothing'), change);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const stored = new Stored();
        let progress = fresh();
        const twin = fresh();
        for (const [then, apply] of steps) {
          apply(progress);
          apply(twin);
          if (then === 'save' || then === 'reload') stored.save(progress);
          if (then === 'lose') {
            snapshotProgress(progress, [], envelope);
            progress.markAllDirty();
          }
          if (then === 'reload') progress = stored.load();
        }
        stored.save(progress);
        expect(stateOf(stored.load())).toEqual(stateOf(twin));
        expect(stateOf(progress)).toEqual(stateOf(twin));
        expect(stored.under(PREFIX.inFlight).length).toBe(twin.hasProcessLeases ? 1 : 0);
      }),
      { numRuns: 150 },
    );
  });

  test('is listed as dirty once, and a loaded one is not', () => {
    let listed = 0;
    const progress = new QueueProgress(ADDRESS, 0, () => listed++);
    progress.settle(0);
    progress.settle(1);
    expect(listed).toBe(1);
    const stored = new Stored();
    stored.save(progress);
    progress.settle(2);
    expect(listed).toBe(2);
    expect(stored.load().dirty).toBe(false);
  });

  test('leaves nothing behind of chunks that the floor has passed', () => {
    const stored = new Stored();
    const progress = fresh();
    for (let at = 1; at < 4 * CHUNK_OFFSETS; at += 2) progress.settle(at);
    stored.save(progress);
    expect(stored.under(PREFIX.progressChunk).length).toBe(4);
    for (let at = 2; at < 4 * CHUNK_OFFSETS; at += 2) progress.settle(at);
    stored.save(progress);
    progress.settle(0);
    stored.save(progress);
    expect(progress.floor).toBe(4 * CHUNK_OFFSETS);
    expect(stored.under(PREFIX.progressChunk).length).toBe(0);
  });

  test('begins where the subscription began as long as nothing was recorded', () => {
    const context = { envelope, start: 77, inFlight: false, onDirty: () => undefined };
    const progress = loadProgress(ADDRESS, undefined, [], context);
    expect([progress.floor, progress.frontier, progress.dirty]).toEqual([77, 77, false]);
  });
});
