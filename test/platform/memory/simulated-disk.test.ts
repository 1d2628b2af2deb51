import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/model/random.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { SimulatedDisk } from '../../../src/platform/memory/simulated-disk.ts';
import { systemClock } from '../../../src/platform/node/system-clock.ts';
import { bytes, describeKeyValueStore, entriesOf, hex, numbered, type StoreUnderTest } from '../key-value-store.suite.ts';

const acquireOptions = { lockWaitMs: 0, minFreeDiskBytes: 0, clock: systemClock };

function random(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return { next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}

async function openIn(directory: Directory): Promise<StoreUnderTest> {
  const store = await directory.openStore('log', { create: true });
  return { store, reopen: () => openIn(directory), dispose: () => store.close() };
}

async function openLog(disk: SimulatedDisk): Promise<StoreUnderTest['store']> {
  return (await disk.acquire(acquireOptions)).openStore('log', { create: true });
}

const put = (index: number) => [{ key: numbered(index), value: bytes(index) }];
const keysLeft = (disk: SimulatedDisk): string[] => disk.dump('log').map(([, value]) => value);

describeKeyValueStore('simulated disk', async () => openIn(await new SimulatedDisk().acquire(acquireOptions)));

describe('simulated disk', () => {
  it('keeps everything over a crash, frees the lock and answers the dead no more', async () => {
    const disk = new SimulatedDisk();
    const directory = await disk.acquire(acquireOptions);
    const store = await directory.openStore('log', { create: true });
    await directory.writeMarker(bytes(7));
    await store.write(put(1));
    await expect(disk.acquire(acquireOptions)).rejects.toMatchObject({ code: 'MQ_STORE_LOCKED' });
    const inFlight = store.write(put(2));
    disk.crash();
    await expect(inFlight).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await expect(store.get(numbered(1))).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await expect(directory.readMarker()).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    const next = await disk.acquire(acquireOptions);
    expect(hex((await next.readMarker()) ?? bytes())).toBe('07');
    expect(await entriesOf(await next.openStore('log', { create: false }))).toEqual(disk.dump('log'));
    expect(keysLeft(disk)).toEqual(['01', '02']);
  });

  it('loses at a power cut what no barrier covered, also after a close', async () => {
    const disk = new SimulatedDisk();
    const store = await openLog(disk);
    await store.write(put(1));
    await store.barrier();
    await store.write(put(2));
    await store.write(put(3), { sync: true });
    await store.write(put(4));
    await store.close();
    disk.powerCut();
    // A synced write is no barrier for earlier ones: the log file may have changed in between.
    expect(keysLeft(disk)).toEqual(['01', '03']);
  });

  it('covers by a barrier only what had resolved before it began', async () => {
    const disk = new SimulatedDisk();
    const store = await openLog(disk);
    await store.write(put(1));
    const beside = store.write(put(2));
    await store.barrier();
    await beside;
    disk.powerCut();
    expect(keysLeft(disk)).toEqual(['01']);
  });

  it('makes recovered writes durable by a directory sync after the open, and not before', async () => {
    const disk = new SimulatedDisk();
    const store = await openLog(disk);
    await store.write(put(1), { sync: true });
    await store.write(put(2));
    disk.crash();
    const unsynced = disk.clone();
    await (await openLog(unsynced)).write(put(3), { sync: true });
    unsynced.powerCut();
    expect(keysLeft(unsynced)).toEqual(['01', '03']);
    await (await openLog(disk)).syncDirectory();
    disk.powerCut();
    expect(keysLeft(disk)).toEqual(['01', '02']);
  });

  it('forgets a store that was never synced', async () => {
    const disk = new SimulatedDisk();
    await (await openLog(disk)).write(put(1));
    disk.powerCut();
    const directory = await disk.acquire(acquireOptions);
    expect(await directory.storeExists('log')).toBe(false);
    await expect(directory.openStore('log', { create: false })).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
  });

  it('leaves a random prefix, or with holes any subset, and always what was synced', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1_000_000 }), fc.boolean(), async (seed, holes) => {
        const disk = new SimulatedDisk();
        const store = await openLog(disk);
        await store.write(put(0), { sync: true });
        for (let index = 1; index < 6; index += 1) await store.write(put(index));
        disk.powerCut({ random: random(seed), holes });
        const left = keysLeft(disk).map(Number);
        expect(left[0]).toBe(0);
        if (!holes) expect(left).toEqual(left.map((_, index) => index));
        outcomes.add(`${holes} ${left.join()}`);
      }),
      { numRuns: 200 },
    );
    expect(outcomes.size).toBeGreaterThan(20);
  });

  it('damages one value as asked, and nothing else', async () => {
    const disk = new SimulatedDisk();
    const store = await openLog(disk);
    for (let index = 0; index < 5; index += 1) await store.write([{ key: numbered(index), value: bytes(1, 2, 3, 4) }]);
    const before = disk.dump('log');
    for (const [index, kind] of (['flip', 'zero', 'truncate', 'delete'] as const).entries())
      disk.corrupt('log', index, kind, random(index));
    disk.powerCut();
    const after = new Map(disk.dump('log'));
    expect(before.map(([key, value]) => after.get(key) === value)).toEqual([false, false, false, false, true]);
    expect(after.get(before[1]?.[0] ?? '')).toBe('01020000');
    expect(after.has(before[3]?.[0] ?? '')).toBe(false);
    expect(after.size).toBe(4);
    disk.deleteStore('log');
    expect(disk.dump('log')).toEqual([]);
  });

  it('is cloned whole, and the clone goes its own way', async () => {
    const disk = new SimulatedDisk();
    const store = await openLog(disk);
    await store.write(put(1));
    const copy = disk.clone();
    await store.write(put(2));
    await (await openLog(copy)).write(put(3));
    expect([keysLeft(disk), keysLeft(copy)]).toEqual([
      ['01', '02'],
      ['01', '03'],
    ]);
  });
});
