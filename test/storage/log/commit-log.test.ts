import { beforeEach, describe, expect, test } from 'vitest';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import type { ProcessPort } from '../../../src/model/process-port.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { FaultPlan } from '../../../src/platform/memory/fault-plan.ts';
import { faultyStorage } from '../../../src/platform/memory/faulty-storage.ts';
import { SimulatedDisk } from '../../../src/platform/memory/simulated-disk.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { Block, BlockBuilder, blockKey, sequenceOfKey } from '../../../src/storage/log/block.ts';
import type { CommitGroup } from '../../../src/storage/log/commit-group.ts';
import { CommitLog } from '../../../src/storage/log/commit-log.ts';
import type { GroupSpace, LogEntry } from '../../../src/storage/log/log-entry.ts';
import { logPosition } from '../../../src/storage/log-position.ts';
import { StillClock } from '../still-clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const process: ProcessPort = { hold: () => () => undefined, defer: (fn) => setImmediate(fn) };

let plan: FaultPlan;
let directory: Directory;
let store: DurableStore;
let clock: StillClock;
let log: CommitLog;
let told: string[];

/** An entry that writes one record of its name and notes every step. */
class Noted implements LogEntry {
  readonly name: string;
  readonly bytes: number;
  readonly durable: boolean;
  position = 0;
  #block = 0;
  #record = 0;

  constructor(name: string, options: { bytes?: number; durable?: boolean } = {}) {
    this.name = name;
    this.bytes = options.bytes ?? 0;
    this.durable = options.durable ?? false;
  }

  seal(space: GroupSpace): void {
    told.push(`${this.name} sealed`);
    const builder = space.room(this.bytes + 100);
    this.#record = builder.begin(1);
    builder.longText(this.name);
    builder.raw(new Uint8Array(this.bytes));
    builder.end();
    this.#block = space.lastBlock;
  }

  commit(firstSequence: number): void {
    this.position = logPosition(firstSequence + this.#block, this.#record);
    told.push(`${this.name} visible`);
  }

  settle(): void {
    told.push(`${this.name} told`);
    if (!this.durable) return;
    log.barriers.wait({ durable: () => told.push(`${this.name} durable`), failed: () => told.push(`${this.name} lost`) });
  }

  fail(error: Error): void {
    told.push(`${this.name} failed: ${error.message}`);
  }
}

function join(name: string, options: { bytes?: number; durable?: boolean; later?: boolean } = {}): CommitGroup {
  const entry = new Noted(name, options);
  const group = options.later ? log.openLater() : log.open();
  if (options.durable) group.needsBarrier = true;
  log.join(group, entry, entry.bytes);
  return group;
}

/** Names of the records that a store holds, block by block. */
async function stored(of: DurableStore = store): Promise<string[][]> {
  const blocks: string[][] = [];
  for await (const slice of of.scan({})) {
    for (const [key, value] of slice) {
      const block = Block.read(value, sequenceOfKey(key), portableCrc32);
      blocks.push(Array.from({ length: block.records }, (_, number) => block.readerAt(block.record(number)).longText()));
    }
  }
  return blocks;
}

async function reopen(): Promise<DurableStore> {
  await store.close();
  store = await directory.openStore('log', { create: false });
  return store;
}

async function lastSequence(): Promise<number> {
  for await (const slice of store.scan({ reverse: true, limit: 1 })) for (const [key] of slice) return sequenceOfKey(key);
  return 0;
}

async function resume(): Promise<void> {
  await reopen();
  await log.resume(store, await lastSequence(), async (sequence) => {
    const builder = new BlockBuilder();
    builder.begin(2);
    builder.longText('opened');
    builder.end();
    const value = builder.finish({ sequence, storedAtMs: 1, storeTag: 5 }, portableCrc32);
    await store.write([{ key: blockKey(sequence), value }], { sync: true });
  });
}

beforeEach(async () => {
  plan = new FaultPlan();
  clock = new StillClock();
  told = [];
  const storage = faultyStorage(new SimulatedDisk(), plan);
  directory = await storage.acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock });
  store = await directory.openStore('log', { create: true });
  log = new CommitLog({
    store,
    clock,
    process,
    checksum: portableCrc32,
    storeTag: 5,
    nextSequence: 1,
    lastStoredAtMs: 0,
    cacheBytes: 1_000_000,
    onFailure: (error) => told.push(`failure: ${error.message.slice(0, 15)}`),
    onVisible: () => told.push('wake'),
    onCommit: () => told.push('committed'),
    onDurable: () => undefined,
  });
});

describe('the commit log', () => {
  test('writes what joins in one turn together, makes it visible before anybody is told, and in order', async () => {
    join('a');
    join('b');
    await log.drained();
    expect(told).toEqual(['a sealed', 'b sealed', 'a visible', 'b visible', 'wake', 'a told', 'b told', 'committed']);
    expect(await stored()).toEqual([['a', 'b']]);
    expect([log.commits, log.committedSequence]).toEqual([1, 1]);
  });

  test('has one write in flight, while the next group gathers', async () => {
    plan.freezeWrites();
    const first = join('a');
    await turn();
    const second = join('b');
    join('c', { later: true });
    await turn();
    expect([plan.counters.writes.log, first.sealed, second.sealed]).toEqual([1, true, false]);
    expect(log.queuedBytes).toBe(0);
    plan.thaw();
    await log.drained();
    expect(await stored()).toEqual([['a'], ['b', 'c']]);
    expect(plan.counters.writes.log).toBe(2);
  });

  test('lets what joins while a group becomes visible go with the next group', async () => {
    const entry = new Noted('a');
    entry.commit = () => {
      told.push('a visible');
      join('hand-out', { later: true });
    };
    log.join(log.open(), entry, 0);
    await log.drained();
    expect(told.indexOf('hand-out sealed')).toBeLessThan(told.indexOf('a told'));
    expect(await stored()).toEqual([['a'], ['hand-out']]);
  });

  test('lets pure state wait for the end of the turn, but not behind a message', async () => {
    join('ack', { later: true });
    await Promise.resolve();
    expect(told).toEqual([]);
    join('message');
    await Promise.resolve();
    expect(told).toEqual(['ack sealed', 'message sealed']);
    await log.drained();
  });

  test('splits a large group into blocks of one atomic write, and gives each record its position', async () => {
    const entries = ['a', 'b', 'c', 'd'].map((name) => new Noted(name, { bytes: 60_000 }));
    const group = log.open();
    for (const entry of entries) log.join(group, entry, entry.bytes);
    expect(log.queuedBytes).toBe(240_000);
    await log.drained();
    expect(log.queuedBytes).toBe(0);
    expect(plan.counters.writes.log).toBe(1);
    expect(await stored()).toEqual([['a'], ['b'], ['c'], ['d']]);
    expect(entries.map((entry) => entry.position)).toEqual([1, 2, 3, 4].map((sequence) => logPosition(sequence, 0)));
    expect((await log.read(3)).readerAt((await log.read(3)).record(0)).longText()).toBe('c');
  });

  test('lets nothing join a group whose write has started', async () => {
    const group = join('a');
    await log.drained();
    expect(() => log.join(group, new Noted('late'), 0)).toThrow('an entry joins a group whose write has started');
    join('b');
    await log.drained();
    expect(await stored()).toEqual([['a'], ['b']]);
  });

  test('closes a group at its size, so that the next one waits behind it', async () => {
    plan.freezeWrites();
    join('first');
    await turn();
    const large = join('large', { bytes: 5_000_000 });
    const small = join('small');
    expect(small).not.toBe(large);
    plan.thaw();
    await log.drained();
    expect(await stored()).toEqual([['first'], ['large'], ['small']]);
  });

  test('never lets the instant of storing fall, whatever the wall clock does', async () => {
    join('a');
    await log.drained();
    const before = log.lastStoredAtMs;
    clock.nowMs -= 3_600_000;
    join('b');
    await log.drained();
    expect((await log.read(2)).storedAtMs).toBe(before);
  });

  test('tells a durable entry when a barrier that began after its put is done', async () => {
    plan.freezeBarriers();
    join('a', { durable: true });
    await turn();
    expect(told).toContain('a told');
    expect(told).not.toContain('a durable');
    join('b', { durable: true });
    await turn();
    expect(plan.counters.barriers.log).toBe(1);
    plan.thaw();
    await turn();
    expect(told.filter((line) => line.endsWith('durable'))).toEqual(['a durable', 'b durable']);
    expect(plan.counters.barriers.log).toBe(2);
  });
});

describe('a commit log whose write was rejected', () => {
  test.each([true, false])('decides by what is on disk, and answers once (it was there: %s)', async (applied) => {
    join('before');
    await log.drained();
    plan.failWrite('log', 1, { applied });
    join('a', { durable: true });
    await turn();
    join('b');
    await turn();
    expect(told).toContain('failure: Planned failure');
    expect(told).not.toContain('a visible');
    expect(plan.counters.writes.log).toBe(2);
    await resume();
    await log.drained();
    await turn();
    expect(await stored()).toEqual([['before'], ['a'], ['opened'], ['b']]);
    for (const step of ['a visible', 'a told', 'a durable', 'b visible']) expect(told.filter((line) => line === step)).toHaveLength(1);
    expect(told.filter((line) => line.startsWith('failure'))).toHaveLength(1);
    expect(log.committedSequence).toBe(4);
  });

  test.each([true, false])('refuses what waits, and leaves what is in flight to a later opening (it was there: %s)', async (applied) => {
    plan.failWrite('log', 1, { applied });
    join('a', { bytes: 10 });
    await turn();
    join('b', { bytes: 20 });
    expect(log.queuedBytes).toBe(30);
    log.refuseWaiting(new Error('gone'));
    expect(told.at(-1)).toBe('b failed: gone');
    expect(log.queuedBytes).toBe(10);
    join('c');
    await resume();
    await log.drained();
    expect(await stored()).toEqual([['a'], ['opened'], ['c']]);
    expect(told.filter((line) => line.startsWith('a '))).toEqual(['a sealed', 'a visible', 'a told']);
  });

  test('goes on although the barrier was the call that failed', async () => {
    plan.failBarrier('log', 1);
    join('a', { durable: true });
    await turn();
    expect(told).toContain('failure: Planned failure');
    expect(told).not.toContain('a durable');
    join('b', { durable: true });
    await turn();
    expect(told).not.toContain('b sealed');
    await resume();
    await log.drained();
    await turn();
    expect(told.filter((line) => line.endsWith('durable'))).toEqual(['a durable', 'b durable']);
    expect(await stored()).toEqual([['a'], ['opened'], ['b']]);
  });

  test('that has ended fails everything that comes later', async () => {
    join('a');
    log.end(new Error('closed'));
    join('b');
    await turn();
    expect(told).toEqual(['a failed: closed', 'b failed: closed']);
    await log.nextCommit();
    await log.drained();
  });
});
