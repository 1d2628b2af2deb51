import { describe, expect, it } from 'vitest';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { FaultPlan } from '../../../src/platform/memory/fault-plan.ts';
import { faultyStorage } from '../../../src/platform/memory/faulty-storage.ts';
import { SimulatedDisk } from '../../../src/platform/memory/simulated-disk.ts';
import { systemClock } from '../../../src/platform/node/system-clock.ts';
import { bytes, describeKeyValueStore, entriesOf, numbered, type StoreUnderTest } from '../key-value-store.suite.ts';

const acquireOptions = { lockWaitMs: 0, minFreeDiskBytes: 0, clock: systemClock };
const put = (index: number) => [{ key: numbered(index), value: bytes(index) }];

async function openIn(directory: Directory): Promise<StoreUnderTest> {
  const store = await directory.openStore('log', { create: true });
  return { store, reopen: () => openIn(directory), dispose: () => store.close() };
}

async function faulty(): Promise<{ plan: FaultPlan; disk: SimulatedDisk; directory: Directory; store: DurableStore }> {
  const plan = new FaultPlan();
  const disk = new SimulatedDisk();
  const directory = await faultyStorage(disk, plan).acquire(acquireOptions);
  return { plan, disk, directory, store: await directory.openStore('log', { create: true }) };
}

describeKeyValueStore('faulty storage without faults', async () => openIn((await faultyForSuite()).directory));

async function faultyForSuite(): Promise<{ directory: Directory }> {
  return { directory: await faultyStorage(new SimulatedDisk(), new FaultPlan()).acquire(acquireOptions) };
}

describe('faulty storage', () => {
  it.each([true, false])('fails the write asked for, applied: %s, and loses what the same handle accepts later', async (applied) => {
    const { plan, directory, store } = await faulty();
    plan.failWrite('log', 2, { applied });
    await store.write(put(1));
    await expect(store.write(put(2))).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
    await store.write(put(3));
    await store.write([{ key: numbered(1), value: undefined }]);
    expect((await entriesOf(store)).map(([, value]) => value)).toEqual(applied ? ['02', '03'] : ['03']);
    expect(await store.get(numbered(1))).toBeUndefined();
    await store.barrier();
    await store.close();
    const again = await directory.openStore('log', { create: false });
    expect((await entriesOf(again)).map(([, value]) => value)).toEqual(applied ? ['01', '02'] : ['01']);
    expect(plan.counters.writes).toEqual({ log: 4, index: 0 });
  });

  it('fails the barrier asked for, and covers nothing by it', async () => {
    const { plan, disk, store } = await faulty();
    await store.write(put(1), { sync: true });
    await store.write(put(2));
    plan.failBarrier('log', 1, { error: new Error('EIO') });
    await expect(store.barrier()).rejects.toThrow('EIO');
    disk.powerCut();
    expect(disk.dump('log').map(([, value]) => value)).toEqual(['01']);
    expect(plan.counters.barriers.log).toBe(1);
  });

  it('fails everything that needs room while the disk is full', async () => {
    const { plan, directory, store } = await faulty();
    plan.fill();
    await expect(store.write(put(1))).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
    await expect(store.clear({})).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
    await expect(directory.writeMarker(bytes(1))).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
    expect(await directory.freeBytes()).toBe(0);
    await store.close();
    await expect(directory.openStore('log', { create: false })).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
    plan.free();
    const again = await directory.openStore('log', { create: false });
    await again.write(put(2));
    expect((await entriesOf(again)).map(([, value]) => value)).toEqual(['02']);
    expect(await directory.freeBytes()).toBeGreaterThan(0);
  });

  it('holds writes and barriers back until they are let go', async () => {
    const { plan, store } = await faulty();
    plan.freezeWrites();
    plan.freezeBarriers();
    const done: string[] = [];
    const value = bytes(1);
    const write = store.write([{ key: numbered(1), value }]).then(() => done.push('write'));
    value.fill(9);
    const barrier = store.barrier().then(() => done.push('barrier'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([]);
    expect(await store.get(numbered(1))).toBeUndefined();
    expect(plan.waitingCount).toBe(2);
    plan.thaw();
    await Promise.all([write, barrier]);
    expect((await entriesOf(store)).map(([, held]) => held)).toEqual(['01']);
  });
});
