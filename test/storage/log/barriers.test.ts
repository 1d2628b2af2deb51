import { beforeEach, describe, expect, test } from 'vitest';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import { Barriers, type BarrierWaiter } from '../../../src/storage/log/barriers.ts';
import { StillClock } from '../still-clock.ts';

/** A store whose barriers end when the test says so. */
class HeldStore {
  readonly canBarrier = true;
  readonly running: { resolve: () => void; reject: (error: Error) => void }[] = [];
  started = 0;

  barrier(): Promise<void> {
    this.started++;
    return new Promise((resolve, reject) => {
      this.running.push({ resolve, reject });
    });
  }
}

let clock: StillClock;
let store: HeldStore;
let failures: Error[];
let told: string[];
let barriers: Barriers;

const asStore = (held: HeldStore): DurableStore => held as unknown as DurableStore;
const waiter = (name: string): BarrierWaiter => ({
  durable: () => told.push(`${name} durable`),
  failed: (error) => told.push(`${name} failed: ${error.message}`),
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function endBarrier(held: HeldStore = store): Promise<void> {
  held.running.shift()?.resolve();
  await turn();
}

async function breakBarrier(held: HeldStore = store): Promise<void> {
  held.running.shift()?.reject(new Error('no fsync'));
  await turn();
}

beforeEach(() => {
  clock = new StillClock();
  store = new HeldStore();
  failures = [];
  told = [];
  barriers = new Barriers(asStore(store), clock, { failure: (error) => failures.push(error), durable: () => told.push('barrier') });
});

describe('barriers', () => {
  test('run one at a time, and cover only what waited when they began', async () => {
    barriers.wait(waiter('first'));
    barriers.request();
    barriers.wait(waiter('second'));
    barriers.wait(waiter('third'));
    barriers.request();
    expect(store.started).toBe(1);
    await endBarrier();
    expect(told).toEqual(['first durable', 'barrier']);
    expect(store.started).toBe(2);
    await endBarrier();
    expect(told).toEqual(['first durable', 'barrier', 'second durable', 'third durable', 'barrier']);
    expect(barriers.completed).toBe(2);
  });

  test('do not start where nobody waits', () => {
    barriers.request();
    expect(store.started).toBe(0);
  });

  test('start 100 ms after something was put that nobody waits for, and not again without another put', async () => {
    barriers.wrote();
    clock.advance(60);
    barriers.wrote();
    clock.advance(39);
    expect([store.started, barriers.lagMs]).toEqual([0, 99]);
    clock.advance(1);
    expect(store.started).toBe(1);
    await endBarrier();
    expect([barriers.lagMs, clock.timerCount]).toEqual([0, 0]);
    clock.advance(1000);
    expect(store.started).toBe(1);
  });

  test('cover what was put while a slow one ran, although nobody waits for it', async () => {
    barriers.wrote();
    clock.advance(100);
    barriers.wrote();
    clock.advance(500);
    // Counted from the oldest byte, which the barrier under way has not covered yet.
    expect([store.started, barriers.lagMs]).toEqual([1, 600]);
    await endBarrier();
    clock.advance(100);
    expect(store.started).toBe(2);
    await endBarrier();
    expect([barriers.lagMs, clock.timerCount]).toEqual([0, 0]);
  });

  test('that fail keep their waiters until the store was opened anew', async () => {
    barriers.wait(waiter('first'));
    barriers.request();
    barriers.wait(waiter('second'));
    await breakBarrier();
    expect([told, failures.length]).toEqual([[], 1]);
    barriers.request();
    expect(store.started).toBe(1);
    const healed = new HeldStore();
    barriers.reopened(asStore(healed));
    expect(told).toEqual(['first durable', 'second durable']);
    barriers.wait(waiter('third'));
    barriers.request();
    expect([store.started, healed.started]).toEqual([1, 1]);
    await endBarrier(healed);
    expect(told.slice(-2)).toEqual(['third durable', 'barrier']);
  });

  test('of a store that was opened anew meanwhile are no failure any more, and what they covered is durable', async () => {
    barriers.wait(waiter('first'));
    barriers.request();
    barriers.reopened(asStore(new HeldStore()));
    await breakBarrier();
    expect([told, failures]).toEqual([['first durable'], []]);
  });

  test('tell everybody of the end, also those who come later', async () => {
    barriers.wait(waiter('running'));
    barriers.request();
    barriers.wait(waiter('waiting'));
    barriers.wrote();
    barriers.stop(new Error('closed'));
    barriers.wait(waiter('late'));
    expect(told).toEqual(['waiting failed: closed', 'late failed: closed']);
    await expect(barriers.flush()).rejects.toThrow('closed');
    barriers.wrote();
    expect(clock.timerCount).toBe(0);
    await endBarrier();
    expect(told.slice(2)).toEqual(['running durable', 'barrier']);
    expect(store.started).toBe(1);
  });

  test('that break after the end tell those whom they were for', async () => {
    barriers.wait(waiter('running'));
    barriers.request();
    barriers.stop(new Error('closed'));
    await breakBarrier();
    expect([told, failures]).toEqual([['running failed: no fsync'], []]);
  });

  test('of a flush begin after the put that came before it', async () => {
    const first = barriers.flush();
    const second = barriers.flush();
    await endBarrier();
    await first;
    expect(store.started).toBe(2);
    await endBarrier();
    await second;
  });
});
