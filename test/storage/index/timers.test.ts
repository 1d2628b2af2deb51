import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DurableStore, KeyRange } from '../../../src/model/key-value-port.ts';
import { SAVED, type TimerEntry } from '../../../src/storage/index/timer-rows.ts';
import { Timers } from '../../../src/storage/index/timers.ts';
import { envelope, memoryStore } from './index-bench.ts';

const KIND = 2;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const entryAt = (dueAtMs: number, index: number): TimerEntry => ({
  dueAtMs,
  position: index + 1,
  topicId: 1,
  queueId: 0,
  tagHash: 0,
  groupHigh: 0,
  groupLow: 0,
});

/** A store that has these timers, and how often it was scanned. */
async function stored(dueAtMs: readonly number[]): Promise<{ store: DurableStore; scans: KeyRange[] }> {
  const store = await memoryStore();
  const writer = new Timers(KIND, store, envelope);
  for (const [index, due] of dueAtMs.entries()) writer.add(entryAt(due, index), SAVED.no);
  for (const part of writer.snapshot().writes) await store.write(part);
  const scans: KeyRange[] = [];
  const { scan } = store;
  store.scan = (range) => {
    scans.push(range);
    return scan.call(store, range);
  };
  return { store, scans };
}

/** Everything that is due, as the pump takes it. */
async function takeDue(timers: Timers, nowMs: number): Promise<number[]> {
  const due: number[] = [];
  for (;;) {
    await timers.load(nowMs + MINUTE_MS);
    const taken = timers.takeDue(nowMs, 100);
    if (taken.length === 0 && (timers.nextAtMs ?? Number.POSITIVE_INFINITY) > nowMs) return due;
    for (const { position, dueAtMs } of taken) {
      timers.settle(position);
      due.push(dueAtMs);
    }
  }
}

// Each delivery looked in the index for what was due up to a minute later, and read sixteen thousand timers to find that they were not: with 50,000
// delays an hour ahead every message that came due was thirty milliseconds late.
test('what waits far ahead is not read whenever something is due', async () => {
  const soon = Array.from({ length: 60 }, (_, second) => second * 1000);
  const far = Array.from({ length: 20_000 }, (_, index) => HOUR_MS + index);
  const { store, scans } = await stored([...soon, ...far]);
  const timers = new Timers(KIND, store, envelope);
  for (const dueAtMs of soon) expect(await takeDue(timers, dueAtMs)).toEqual([dueAtMs]);
  expect(scans).toHaveLength(1);
});

test('each timer that is stored is due once, in order, and never before its time', { timeout: 60_000 }, async () => {
  const dues = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 10 * MINUTE_MS }), { maxLength: 200 }),
    // More than one load brings, some of them due at once.
    fc.integer({ min: 16_380, max: 16_390 }).map((count) => Array.from({ length: count + 100 }, (_, i) => Math.floor(i / 100) * 1000)),
  );
  const steps = fc.array(fc.integer({ min: 1, max: 2 * MINUTE_MS }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(dues, steps, async (dueAtMs, stepsMs) => {
      const { store } = await stored(dueAtMs);
      const timers = new Timers(KIND, store, envelope);
      const left = [...dueAtMs].sort((one, other) => one - other);
      let nowMs = 0;
      for (const stepMs of [0, ...stepsMs, 24 * HOUR_MS]) {
        nowMs += stepMs;
        const expected = left.splice(0, left.filter((due) => due <= nowMs).length);
        expect(await takeDue(timers, nowMs)).toEqual(expected);
      }
      expect(timers.isEmpty).toBe(true);
    }),
    { numRuns: 40 },
  );
});
