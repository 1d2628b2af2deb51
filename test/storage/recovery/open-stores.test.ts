import { beforeEach, describe, expect, test } from 'vitest';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import type { ProcessPort } from '../../../src/model/process-port.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { SimulatedDisk } from '../../../src/platform/memory/simulated-disk.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { CheckpointWriter } from '../../../src/storage/index/checkpoint-writer.ts';
import { blockKey } from '../../../src/storage/log/block.ts';
import { writeMessage } from '../../../src/storage/log/message-record.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import { encodeMarker, type Marker } from '../../../src/storage/recovery/marker.ts';
import { type OpenedStores, openStores } from '../../../src/storage/recovery/open-stores.ts';
import { type OpenedRecord, writeOpened } from '../../../src/storage/recovery/opened-record.ts';
import { beginning, type Draft, Log, STORE_TAG } from '../index/random-records.ts';
import { StillClock } from '../still-clock.ts';

const STORE_ID = STORE_TAG.toString(16).padStart(8, '0').padEnd(32, 'a');
const ownProcess: ProcessPort = { hold: () => () => undefined, defer: setImmediate };
const damagedStore = expect.objectContaining({ code: 'MQ_STORE_DAMAGED' });

let directory: Directory;
let log: Log;

const message: Draft = (to) => {
  const rest = {
    messageId: 'id',
    bornAtMs: 1,
    tag: undefined,
    messageGroup: undefined,
    groupHash: undefined,
    keys: [],
    properties: undefined,
  };
  to.record(RECORD.message, (builder) => {
    builder.setU64(writeMessage(builder, { topicId: 1, queueId: 0, ...rest, body: 'x' }), to.nextOffset(1, 0));
  });
};
const opened = (facts: Partial<OpenedRecord> = {}): Draft => {
  return (to) => writeOpened(to.builder, { storeId: STORE_ID, atMs: 1, unclean: false, gaps: [], ...facts });
};

/** Puts the log's blocks on the disk, without those of the given sequences. */
async function put(
  options: { without?: readonly number[]; change?: (value: Uint8Array, sequence: number) => Uint8Array } = {},
): Promise<void> {
  const store = await directory.openStore('log', { create: true });
  for (const { sequence, bytes } of log.blocks) {
    if (options.without?.includes(sequence)) continue;
    await store.write([{ key: blockKey(sequence), value: options.change?.(bytes.slice(), sequence) ?? bytes }], { sync: true });
  }
  await store.close();
}

const mark = (facts: Partial<Marker> = {}): Promise<void> =>
  directory.writeMarker(encodeMarker({ format: 1, storeId: STORE_ID, lowWater: 1, clean: false, ...facts }, portableCrc32));

const open = (): Promise<OpenedStores> =>
  openStores({ directory, checksum: portableCrc32, process: ownProcess, newStoreId: () => STORE_ID });

async function close(stores: { readonly log: DurableStore; readonly index: { readonly store: DurableStore } }): Promise<void> {
  await stores.log.close();
  await stores.index.store.close();
}

const endOf = async (stores: OpenedStores): Promise<number> => (await stores.index.loadQueue(1, 0)).end;

beforeEach(async () => {
  directory = await new SimulatedDisk().acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock: new StillClock() });
  log = new Log();
  log.commit([opened()]);
  log.commit(beginning);
  for (let i = 0; i < 4; i++) log.commit([message, message]);
});

describe('opening the stores', () => {
  test('makes them where there is nothing', async () => {
    const stores = await open();
    expect(stores).toMatchObject({ created: true, unclean: false, damages: [], marker: { storeId: STORE_ID, lowWater: 0, clean: false } });
    await close(stores);
  });

  test('replays the whole log where there is no index', async () => {
    await put();
    await mark({ lowWater: 6, clean: true });
    const stores = await open();
    expect(stores).toMatchObject({ created: false, unclean: false, damages: [] });
    expect(stores.replay).toMatchObject({ lastSequence: 6, gaps: [] });
    expect(await endOf(stores)).toBe(8);
  });

  test.each([
    [{ lowWater: 6, clean: true }, false],
    [{ lowWater: 5, clean: true }, true],
    [{ lowWater: 6, clean: false }, true],
  ])('tells from the marker %j whether the end before was unclean: %s', async (marker, unclean) => {
    await put();
    await mark(marker);
    expect((await open()).unclean).toBe(unclean);
  });

  test('knows a store by its first record where the marker is gone, and says that the marker was lost', async () => {
    await put();
    const stores = await open();
    expect(stores.marker.storeId).toBe(STORE_ID);
    expect(stores.damages.map(({ kind }) => kind)).toEqual(['markerLost']);
    expect(await endOf(stores)).toBe(8);
  });
});

describe('opening stores that a power cut has left', () => {
  test('closes a gap above what was durable, and reports it until an opening has accounted for it', async () => {
    await put({ without: [4] });
    await mark({ lowWater: 2 });
    const stores = await open();
    expect(stores.damages).toMatchObject([
      { kind: 'powerLoss', lostBlocks: 1, position: 4 },
      { kind: 'missingBlocks', lostMessages: 2 },
    ]);
    expect(stores.replay.gaps).toEqual([{ from: 4, to: 4 }]);
    expect(await endOf(stores)).toBe(8);
    const run = await stores.index.loadRun(await stores.index.loadQueue(1, 0), 2);
    expect([1, 2, 3, 4].map((offset) => run.positionAt(offset) === 0)).toEqual([false, true, true, false]);
    await close(stores);
    log.commit([opened({ unclean: true, gaps: stores.replay.gaps })]);
    await put({ without: [4] });
    const again = await open();
    expect(again.replay.gaps).toEqual([]);
    expect(again.damages.map(({ kind }) => kind)).not.toContain('powerLoss');
  });

  test('refuses a gap below what was durable, and an end before it', async () => {
    await put({ without: [4] });
    await mark({ lowWater: 5 });
    await expect(open()).rejects.toThrow(damagedStore);
    await mark({ lowWater: 7 });
    await expect(open()).rejects.toThrow(damagedStore);
    await mark({ lowWater: 3 });
    await close(await open());
  });
});

describe('opening stores that were damaged', () => {
  test('reports a block that fails its checksum, and keeps the rest', async () => {
    await put({
      change: (value, sequence) => {
        if (sequence === 5) value[40] = (value[40] ?? 0) ^ 1;
        return value;
      },
    });
    await mark({ lowWater: 6 });
    const stores = await open();
    expect(stores.damages).toMatchObject([
      { kind: 'corruptBlock', position: 5 },
      { kind: 'missingBlocks', lostMessages: 2 },
    ]);
    expect(await endOf(stores)).toBe(8);
  });

  test('refuses a log without its folder, the marker of another store, and an unreadable marker beside an empty log', async () => {
    await mark({ lowWater: 6 });
    await expect(open()).rejects.toThrow(damagedStore);
    await put();
    await mark({ storeId: 'f'.repeat(32), lowWater: 6 });
    await expect(open()).rejects.toThrow(damagedStore);
    await mark({ lowWater: 6 });
    await close(await open());
  });

  test('refuses a record that a newer version wrote, and leaves everything as it is', async () => {
    log.commit([(to) => to.record(99, (builder) => builder.u32(1))]);
    await put();
    await mark({ lowWater: 2 });
    for (let i = 0; i < 2; i++) await expect(open()).rejects.toThrow(expect.objectContaining({ code: 'MQ_STORE_FORMAT_UNSUPPORTED' }));
  });

  test.each(['flipped', 'ahead of the log', 'of another store'])('builds an index that is %s again from the log', async (what) => {
    await put();
    await mark({ lowWater: 6 });
    const stores = await open();
    const writer = new CheckpointWriter(stores.index, ownProcess);
    const sequence = what === 'ahead of the log' ? 7 : 6;
    await writer.capture(sequence);
    await writer.write({ storeTag: what === 'of another store' ? 1 : STORE_TAG, sequence, storedAtMs: 1 }, 0);
    if (what === 'flipped') {
      const entries: (readonly [Uint8Array, Uint8Array])[] = [];
      for await (const slice of stores.index.store.scan({})) entries.push(...slice);
      const [key, value] = entries[1] ?? expect.fail('the index is empty');
      value[20] = (value[20] ?? 0) ^ 4;
      await stores.index.store.write([{ key, value }], { sync: true });
    }
    await close(stores);
    const again = await open();
    expect(again.damages.map(({ kind }) => kind)).toEqual(['corruptIndex']);
    expect(await endOf(again)).toBe(8);
    expect(again.index.catalogue.topicsByName.size).toBe(2);
  });
});
