import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DurableStore, WriteOperation } from '../../../src/model/key-value-port.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { BrokerIndex } from '../../../src/storage/index/broker-index.ts';
import type { ConsumeQueue } from '../../../src/storage/index/consume-queue.ts';
import { RUN_ENTRIES } from '../../../src/storage/index/entry-run.ts';
import { PREFIX, rangeOf } from '../../../src/storage/index/keys.ts';
import { envelope, memoryStore } from './index-bench.ts';

type Step =
  | { readonly verb: 'append'; readonly count: number }
  | { readonly verb: 'gap'; readonly count: number }
  | { readonly verb: 'snapshot'; readonly outcome: 'written' | 'rejected' | 'rejectedButWritten'; readonly meanwhile: number }
  | { readonly verb: 'reload' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 2, 3, 40, 700, 1500).map((count): Step => ({ verb: 'append', count })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }).map((count): Step => ({ verb: 'gap', count })) },
  {
    weight: 4,
    arbitrary: fc.record<Step & { verb: 'snapshot' }>({
      verb: fc.constant('snapshot'),
      outcome: fc.constantFrom('written', 'written', 'written', 'rejected', 'rejectedButWritten'),
      meanwhile: fc.constantFrom(0, 0, 1, 5, 1100),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ verb: 'reload' }) },
);

/** One consume queue over a store, beside the plain list of what it must hold. */
class Bench {
  readonly store: DurableStore;
  readonly expected: number[] = [];
  index: BrokerIndex;
  queue: ConsumeQueue;
  /** Positions that the index has at least, as of the last snapshot that is known to be written. */
  saved = 0;

  constructor(store: DurableStore) {
    this.store = store;
    this.index = new BrokerIndex(store, portableCrc32);
    this.queue = this.index.newQueue(1, 0);
  }

  append(count: number): void {
    for (let i = 0; i < count; i++) this.#publish(this.queue.reserve());
  }

  gap(count: number): void {
    const from = this.queue.end;
    this.#publish(from + count);
    expect(this.queue.end).toBe(from + count + 1);
  }

  async run(one: Step): Promise<void> {
    if (one.verb === 'append') return this.append(one.count);
    if (one.verb === 'gap') return this.gap(one.count);
    if (one.verb === 'reload') return await this.reload();
    const operations: WriteOperation[] = [];
    const done = this.queue.snapshot(operations, envelope);
    const end = this.queue.end;
    this.append(one.meanwhile);
    if (one.outcome !== 'rejected') await this.store.write(operations);
    if (one.outcome === 'written') {
      done();
      this.saved = end;
    } else this.queue.snapshotFailed();
  }

  /** What a new process finds: everything that was saved, perhaps more; what it lacks comes from the log. */
  async reload(): Promise<void> {
    this.index = new BrokerIndex(this.store, portableCrc32);
    this.queue = await this.index.loadQueue(1, 0);
    expect(this.queue.end).toBeGreaterThanOrEqual(this.saved);
    expect(this.queue.end).toBeLessThanOrEqual(this.expected.length);
    expect(this.queue.includes).toBe(this.expected[this.queue.end - 1] ?? 0);
    const replayed = this.expected.splice(this.queue.end);
    for (const [i, position] of replayed.entries()) {
      this.expected.push(position);
      if (position !== 0) this.queue.publish(this.expected.length - 1, position, tagAt(position), position % 7, position % 5);
      else expect(i).toBeLessThan(replayed.length - 1);
    }
  }

  async check(): Promise<void> {
    expect(this.queue.end).toBe(this.expected.length);
    let run = await this.index.loadRun(this.queue, 0);
    for (const [offset, position] of this.expected.entries()) {
      if (offset < run.first || offset >= run.end) run = await this.index.loadRun(this.queue, offset);
      const seen = [run.positionAt(offset), run.tagHashAt(offset)];
      const wanted = [position, position === 0 ? 0 : tagAt(position)];
      if (seen[0] !== wanted[0] || seen[1] !== wanted[1]) expect.fail(`offset ${offset} holds ${seen.join()}, not ${wanted.join()}`);
    }
  }

  async pieces(): Promise<number> {
    let count = 0;
    for await (const slice of this.store.scan(rangeOf(PREFIX.consumeQueue))) count += slice.length;
    return count;
  }

  #publish(offset: number): void {
    const position = 65_536 + offset * 3;
    while (this.expected.length < offset) this.expected.push(0);
    this.expected.push(position);
    this.queue.publish(offset, position, tagAt(position), position % 7, position % 5);
  }
}

function tagAt(position: number): number {
  return position % 3 === 0 ? 0 : position;
}

describe('a consume queue', () => {
  test('has every entry at its offset, through appends, gaps, snapshots that fail in every way, and loads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const bench = new Bench(await memoryStore());
        bench.append(1);
        for (const one of steps) await bench.run(one);
        await bench.check();
        await bench.run({ verb: 'snapshot', outcome: 'written', meanwhile: 0 });
        expect(bench.queue.isDirty).toBe(false);
        await bench.check();
        await bench.reload();
        await bench.check();
      }),
      { numRuns: 60 },
    );
  });

  test('keeps few values however many snapshots were taken, and rewrites an entry a logarithmic number of times', async () => {
    const bench = new Bench(await memoryStore());
    let written = 0;
    const snapshots = 2 * RUN_ENTRIES;
    let most = 0;
    for (let i = 0; i < snapshots; i++) {
      bench.append(1);
      const operations: WriteOperation[] = [];
      const done = bench.queue.snapshot(operations, envelope);
      for (const { value } of operations) written += value === undefined ? 0 : (value.length - 18) / 20;
      await bench.store.write(operations);
      done();
      most = Math.max(most, await bench.pieces());
    }
    // Ten pieces of one run, and a full one before it.
    expect(most).toBeLessThanOrEqual(12);
    expect(written).toBeLessThanOrEqual(snapshots * 11);
    bench.saved = bench.queue.end;
    await bench.check();
    await bench.reload();
    await bench.check();
  });

  test('forgets full runs that the index has, and serves them from there', async () => {
    const bench = new Bench(await memoryStore());
    bench.append(3 * RUN_ENTRIES + 1);
    expect(bench.queue.runInMemory(0)?.first).toBe(0);
    await bench.run({ verb: 'snapshot', outcome: 'rejected', meanwhile: 0 });
    expect(bench.queue.runInMemory(0)?.first).toBe(0);
    await bench.run({ verb: 'snapshot', outcome: 'written', meanwhile: 0 });
    expect(bench.queue.runInMemory(0)).toBeUndefined();
    expect(bench.queue.runInMemory(3 * RUN_ENTRIES)?.first).toBe(3 * RUN_ENTRIES);
    await bench.check();
  });

  test('gives an offset once, and again only when its write failed', () => {
    const queue = new BrokerIndex({} as DurableStore, portableCrc32).newQueue(1, 0);
    expect([queue.reserve(), queue.reserve()]).toEqual([0, 1]);
    queue.publish(0, 65_536, 0, 0, 0);
    queue.cancelReservations();
    expect([queue.reserve(), queue.reserve()]).toEqual([1, 2]);
    queue.publish(1, 65_537, 0, 0, 0);
    expect(queue.reserve()).toBe(3);
    expect(() => queue.publish(1, 65_538, 0, 0, 0)).toThrow('is published already');
  });
});
