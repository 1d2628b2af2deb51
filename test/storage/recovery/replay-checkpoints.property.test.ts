import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DurableStore, WriteOperation } from '../../../src/model/key-value-port.ts';
import type { ProcessPort } from '../../../src/model/process-port.ts';
import type { Directory, StorageProvider, StoreName } from '../../../src/model/storage-provider.ts';
import { FaultPlan } from '../../../src/platform/memory/fault-plan.ts';
import { faultyStorage } from '../../../src/platform/memory/faulty-storage.ts';
import { SimulatedDisk } from '../../../src/platform/memory/simulated-disk.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { CHECKPOINT_KEY } from '../../../src/storage/index/keys.ts';
import { writeApplicationChange } from '../../../src/storage/log/application-record.ts';
import { blockKey } from '../../../src/storage/log/block.ts';
import { writeMessage } from '../../../src/storage/log/message-record.ts';
import { writeRecall } from '../../../src/storage/log/recall-record.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import { logPosition } from '../../../src/storage/log-position.ts';
import { encodeMarker } from '../../../src/storage/recovery/marker.ts';
import { type OpenedStores, openStores } from '../../../src/storage/recovery/open-stores.ts';
import { writeOpened } from '../../../src/storage/recovery/opened-record.ts';
import { answersOf } from '../index/index-bench.ts';
import { beginning, type Draft, drafts, Log, metadata, STORE_TAG, topicRecord } from '../index/random-records.ts';
import { StillClock } from '../still-clock.ts';

const STORE_ID = STORE_TAG.toString(16).padStart(8, '0').padEnd(32, 'a');
const ownProcess: ProcessPort = { hold: () => () => undefined, defer: setImmediate };
const opened: Draft = (to) => writeOpened(to.builder, { storeId: STORE_ID, atMs: 1, unclean: true, gaps: [] });

const put = (key: number, value: Uint8Array | undefined): Draft => {
  return (to) => {
    const change = { key: Uint8Array.of(0x6b, key), value };
    to.record(value === undefined ? RECORD.applicationDelete : RECORD.applicationPut, (builder) => writeApplicationChange(builder, change));
  };
};
const application: fc.Arbitrary<Draft[]> = fc
  .tuple(fc.nat({ max: 9 }), fc.option(fc.nat({ max: 255 }), { nil: undefined }))
  .map(([key, value]) => [put(key, value === undefined ? undefined : Uint8Array.of(value))]);

/** Delay messages that wait, by the log that they are in. */
const waiting = new WeakMap<Log, { position: number; dueAtMs: number }[]>();

const delayed = (deliverAtMs: number): Draft => {
  return (to) => {
    const rest = {
      messageId: 'id',
      bornAtMs: 1,
      tag: undefined,
      messageGroup: undefined,
      groupHash: undefined,
      keys: [],
      properties: undefined,
    };
    const record = to.builder.begin(RECORD.delayed);
    writeMessage(to.builder, { topicId: 3, queueId: 0, ...rest, extension: { deliverAtMs }, body: 'x' });
    to.builder.end();
    const entries = waiting.get(to) ?? [];
    waiting.set(to, [...entries, { position: logPosition(to.blocks.length + 1, record), dueAtMs: deliverAtMs }]);
  };
};
const recalled = (which: number): Draft => {
  return (to) => {
    const [entry] = waiting.get(to)?.splice(which % Math.max(1, waiting.get(to)?.length ?? 0), 1) ?? [];
    if (entry === undefined) return;
    to.record(RECORD.recall, (builder) => writeRecall(builder, { kind: 'instant', ...entry, topicId: 3, dedupHash: { high: 0, low: 0 } }));
  };
};
const delays: fc.Arbitrary<Draft[]> = fc.array(fc.oneof(fc.nat({ max: 90 }).map(delayed), fc.nat({ max: 20 }).map(recalled)), {
  minLength: 1,
  maxLength: 4,
});

/** A disk that holds a log, whose writes no barrier has covered, beside the marker of a store that was killed. */
async function diskWith(log: Log, options: { lowWater?: number; without?: number } = {}): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const directory = await acquire(disk);
  const store = await directory.openStore('log', { create: true });
  await store.write([{ key: blockKey(1), value: log.blocks[0]?.bytes }], { sync: true });
  for (const { sequence, bytes } of log.blocks.slice(1))
    if (sequence !== options.without) await store.write([{ key: blockKey(sequence), value: bytes }]);
  const marker = { format: 1, storeId: STORE_ID, lowWater: options.lowWater ?? 1, clean: false };
  await directory.writeMarker(encodeMarker(marker, portableCrc32));
  disk.crash();
  return disk;
}

const acquire = (storage: StorageProvider): Promise<Directory> =>
  storage.acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock: new StillClock() });

const open = (directory: Directory, replayCheckpointBytes: number): Promise<OpenedStores> =>
  openStores({ directory, checksum: portableCrc32, process: ownProcess, newStoreId: () => STORE_ID, replayCheckpointBytes });

/** What the stores answer, and every value of the application. */
async function answers({ index, damages }: OpenedStores): Promise<unknown> {
  const values: unknown[] = [];
  for await (const [key, value] of index.applicationValues.list({})) values.push([[...key], [...value]]);
  const delayedOnes: unknown[] = [];
  for await (const { dueAtMs, position } of index.delays.of('instant').list({ dueAtMs: 0, position: 0 }))
    delayedOnes.push([dueAtMs, position]);
  return { index: await answersOf(index), values, delayedOnes, count: index.delays.countOf(3), damages };
}

/** Opens on a disk of which the `failing`-th write of the index fails, and then loses its power. */
async function interrupted(disk: SimulatedDisk, replayCheckpointBytes: number, failing: number): Promise<'opened' | 'died'> {
  const plan = new FaultPlan();
  plan.failWrite('index', failing, { applied: failing % 2 === 0 });
  const outcome = await open(await acquire(faultyStorage(disk, plan)), replayCheckpointBytes).then(
    () => 'opened' as const,
    () => 'died' as const,
  );
  disk.powerCut();
  return outcome;
}

test('an index that was written while it was built, and whose building was broken off, is the index of the log', {
  timeout: 120_000,
}, async () => {
  const blocks = fc.array(fc.oneof({ weight: 2, arbitrary: drafts }, application, delays, fc.constant([opened])), {
    minLength: 1,
    maxLength: 25,
  });
  const failures = fc.array(fc.nat({ max: 12 }), { maxLength: 3 });
  let broken = 0;
  await fc.assert(
    fc.asyncProperty(blocks, fc.constantFrom(1, 200, 1_000), failures, async (given, everyBytes, failing) => {
      const log = new Log();
      log.commit([opened]);
      log.commit([...beginning, metadata(topicRecord(3, 1))]);
      for (const one of given) log.commit(one);
      const whole = await open(await acquire(await diskWith(log)), Number.POSITIVE_INFINITY);
      const expected = await answers(whole);
      const disk = await diskWith(log);
      for (const number of failing) {
        // What the power cut takes is the end of the log, unless the replay has made it durable: the disk gets it again.
        if ((await interrupted(disk, everyBytes, number + 1)) === 'died') broken++;
        await complete(disk, log);
      }
      const stores = await open(await acquire(disk), everyBytes);
      expect(await answers(stores)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
  expect(broken).toBeGreaterThan(20);
});

/** The log of a disk as it was before a power cut. */
async function complete(disk: SimulatedDisk, log: Log): Promise<void> {
  const directory = await acquire(disk);
  const store = await directory.openStore('log', { create: false });
  for (const { sequence, bytes } of log.blocks) await store.write([{ key: blockKey(sequence), value: bytes }], { sync: true });
  await store.close();
  await directory.release();
}

/** Counts, between two checkpoints, the bytes of the log that were handed to a replay. */
class Meter implements StorageProvider {
  readonly kind = 'disk';
  checkpoints = 0;
  mostBytes = 0;
  #bytes = 0;
  readonly #disk: SimulatedDisk;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  async acquire(): Promise<Directory> {
    const directory = await acquire(this.#disk);
    const openStore = async (name: StoreName, options: { readonly create: boolean }): Promise<DurableStore> => {
      const store = await directory.openStore(name, options);
      return name === 'log' ? this.#log(store) : this.#index(store);
    };
    return bound(directory, { openStore });
  }

  #log(store: DurableStore): DurableStore {
    const meter = this;
    return bound(store, {
      async *scan(range) {
        for await (const slice of store.scan(range)) {
          for (const entry of slice) {
            meter.#bytes += entry[1].length;
            meter.mostBytes = Math.max(meter.mostBytes, meter.#bytes);
            yield [entry];
          }
        }
      },
    });
  }

  #index(store: DurableStore): DurableStore {
    const write = async (operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void> => {
      await store.write(operations, options);
      if (operations[0]?.key[0] !== CHECKPOINT_KEY[0]) return;
      this.checkpoints++;
      this.#bytes = 0;
    };
    return bound(store, { write });
  }
}

/** An object whose other methods are those of another one. */
function bound<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(name in own ? own : target, name);
      return typeof value === 'function' && !(name in own) ? value.bind(target) : value;
    },
  });
}

function logOfValues(count: number, bytes: number): Log {
  const log = new Log();
  log.commit([opened]);
  for (let key = 0; key < count; key++) log.commit([put(key, new Uint8Array(bytes).fill(key))]);
  return log;
}

test('an index that is built anew is written down as it grows: memory never holds more of the values than one checkpoint takes', async () => {
  const meter = new Meter(await diskWith(logOfValues(200, 10_000)));
  const stores = await open(await meter.acquire(), 100_000);
  expect(stores.index.applicationValues.pending).toBeLessThan(10);
  expect(meter.checkpoints).toBeGreaterThanOrEqual(18);
  expect(meter.mostBytes).toBeLessThan(125_000);
  expect(await stores.index.applicationValues.get(Uint8Array.of(0x6b, 77))).toEqual(new Uint8Array(10_000).fill(77));
});

test('an opening as it is writes a checkpoint about every 64 MiB of the log', async () => {
  const meter = new Meter(await diskWith(logOfValues(35, 4 * 1024 * 1024)));
  const directory = await meter.acquire();
  await openStores({ directory, checksum: portableCrc32, process: ownProcess, newStoreId: () => STORE_ID });
  expect(meter.checkpoints).toBe(2);
});

test('a loss that no opening has accounted for stays before every checkpoint, so that it is reported again after a death', async () => {
  const log = logOfValues(20, 1_000);
  for (let i = 0; i < 2; i++) {
    const disk = await diskWith(log, { without: 7 });
    await interrupted(disk, 1, 30);
    await complete(disk, Object.assign(new Log(), { blocks: log.blocks.filter(({ sequence }) => sequence !== 7) }));
    expect((await open(await acquire(disk), 1)).damages).toMatchObject([{ kind: 'powerLoss', position: 7 }]);
  }
});

test('the log is durable before an index that includes it', async () => {
  const log = logOfValues(20, 1_000);
  const disk = await diskWith(log);
  await interrupted(disk, 1, 30);
  expect((await open(await acquire(disk), 1)).damages).toEqual([]);
});
