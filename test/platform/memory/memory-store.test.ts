import { describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { memoryStorage } from '../../../src/platform/memory/memory-storage.ts';
import { OrderedBytes } from '../../../src/platform/memory/ordered-bytes.ts';
import { systemClock } from '../../../src/platform/node/system-clock.ts';
import { bytes, describeKeyValueStore, hex, numbered, type StoreUnderTest } from '../key-value-store.suite.ts';

const acquireOptions = { lockWaitMs: 0, minFreeDiskBytes: 0, clock: systemClock };

async function openIn(directory: Directory): Promise<StoreUnderTest> {
  const store = await directory.openStore('log', { create: true });
  return { store, reopen: () => openIn(directory), dispose: () => store.close() };
}

describeKeyValueStore('memory store', async () => openIn(await memoryStorage().acquire(acquireOptions)));

describe('memory storage', () => {
  it('is held by one broker at a time and empty for the next', async () => {
    const storage = memoryStorage();
    const directory = await storage.acquire(acquireOptions);
    await expect(storage.acquire(acquireOptions)).rejects.toMatchObject({ code: 'MQ_STORE_LOCKED' });
    await directory.writeMarker(bytes(1));
    expect(await directory.storeExists('log')).toBe(false);
    await (await directory.openStore('log', { create: true })).close();
    expect(await directory.storeExists('log')).toBe(true);
    await directory.release();
    const next = await storage.acquire(acquireOptions);
    expect(await next.readMarker()).toBeUndefined();
    expect(await next.storeExists('log')).toBe(false);
    await expect(next.openStore('log', { create: false })).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
  });
});

describe('ordered bytes', () => {
  it('keep their order over many chunks, whatever the order of insertion', () => {
    const map = new OrderedBytes();
    const count = 5_003;
    for (let step = 0; step < count; step += 1) map.set(numbered((step * 1_009) % count), bytes(step % 251));
    const keys = Array.from(map.range({}), ([key]) => hex(key));
    expect(map.size).toBe(count);
    expect(keys).toEqual(Array.from({ length: count }, (_, index) => hex(numbered(index))));
    expect(Array.from(map.range({ reverse: true, limit: 3 }), ([key]) => hex(key))).toEqual(keys.slice(-3).reverse());
  });

  it('share memory with a clone without sharing changes', () => {
    const original = new OrderedBytes();
    for (let index = 0; index < 2_000; index += 1) original.set(numbered(index), bytes(1));
    const copy = original.clone();
    original.set(numbered(5), bytes(2));
    copy.set(numbered(6), bytes(3));
    copy.delete(numbered(7));
    original.set(numbered(9_000), bytes(4));
    expect([original.get(numbered(5)), copy.get(numbered(5))].map((value) => value?.[0])).toEqual([2, 1]);
    expect([original.get(numbered(6)), copy.get(numbered(6))].map((value) => value?.[0])).toEqual([1, 3]);
    expect([original.size, copy.size]).toEqual([2_001, 1_999]);
  });
});
