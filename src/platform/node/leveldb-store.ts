import { ClassicLevel } from 'classic-level';
import { BrokerError } from '../../model/errors.ts';
import type { DurableStore, KeyRange, KeyValueEntry, WriteOperation } from '../../model/key-value-port.ts';
import type { StoreName } from '../../model/storage-provider.ts';
import { storeError } from './leveldb-errors.ts';
import { assertNotGutted, readOpeningNotes } from './leveldb-files.ts';
import { WriteAheadBarrier } from './write-ahead-barrier.ts';
import { batchBytes } from './write-ahead-size.ts';

type Database = ClassicLevel<Uint8Array, Uint8Array>;

/** The face of LevelDB's iterator that a scan needs. */
interface EntryIterator {
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
  close(): Promise<void>;
}

/** What a store asks of LevelDB; the two stores of a broker have different patterns. */
export interface LevelDbTuning {
  readonly compression: boolean;
  readonly writeBufferBytes: number;
  readonly maxFileBytes: number;
  readonly cacheBytes: number;
  /** A scan reads about so many bytes per slice. */
  readonly scanBytes: number;
  /** Point reads on the calling thread: right where values are small and mostly cached, because a thread hop costs twenty times as much. */
  readonly synchronousGet: boolean;
}

const MEBIBYTE = 1_048_576;
const SCAN_ENTRIES = 1_000;
/** Below this a cleared range is left to LevelDB's own compaction. */
const COMPACT_FROM_BYTES = 4 * MEBIBYTE;

/** The log: packed blocks that do not compress, keys that only rise. The index: small derived values, written in batches. */
export const TUNING: Readonly<Record<StoreName, LevelDbTuning>> = {
  log: {
    compression: false,
    writeBufferBytes: 16 * MEBIBYTE,
    maxFileBytes: 16 * MEBIBYTE,
    cacheBytes: 8 * MEBIBYTE,
    scanBytes: 2 * MEBIBYTE,
    synchronousGet: false,
  },
  index: {
    compression: true,
    writeBufferBytes: 8 * MEBIBYTE,
    maxFileBytes: 4 * MEBIBYTE,
    cacheBytes: 16 * MEBIBYTE,
    scanBytes: MEBIBYTE / 2,
    synchronousGet: true,
  },
};

const SYNCED = { keyEncoding: 'buffer', valueEncoding: 'buffer', sync: true } as const;
const UNSYNCED = { keyEncoding: 'buffer', valueEncoding: 'buffer', sync: false } as const;

/** Opens LevelDB in `location`. `create: false` refuses a database that is not there or that lost its `CURRENT`, which LevelDB would open empty. */
export async function openLevelDb(
  location: string,
  options: { readonly create: boolean; readonly tuning: LevelDbTuning },
): Promise<DurableStore> {
  const { create, tuning } = options;
  await assertNotGutted(location, create);
  const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: create,
    compression: tuning.compression,
    writeBufferSize: tuning.writeBufferBytes,
    maxFileSize: tuning.maxFileBytes,
    cacheSize: tuning.cacheBytes,
  });
  try {
    await database.open();
  } catch (error) {
    throw storeError(error, 'open', location);
  }
  return new LevelDbStore(database, tuning, await readOpeningNotes(location));
}

class LevelDbStore implements DurableStore {
  readonly openingNotes: readonly string[];
  readonly canBarrier: boolean = process.platform !== 'win32';
  readonly #database: Database;
  readonly #tuning: LevelDbTuning;
  readonly #barrier: WriteAheadBarrier;
  /** After a write or a sync has failed LevelDB may say "written" of what no reopen finds, so nothing more is accepted. */
  #failure: BrokerError | undefined;

  constructor(database: Database, tuning: LevelDbTuning, openingNotes: readonly string[]) {
    this.#database = database;
    this.#tuning = tuning;
    this.openingNotes = openingNotes;
    this.#barrier = new WriteAheadBarrier(database.location);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return plain(this.#tuning.synchronousGet ? this.#database.getSync(key) : await this.#database.get(key));
    } catch (error) {
      throw storeError(error, 'read', this.#database.location);
    }
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return (await this.#database.getMany([...keys])).map(plain);
    } catch (error) {
      throw storeError(error, 'read', this.#database.location);
    }
  }

  write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#refusal(this.#failure));
    if (operations.length === 0) return Promise.resolve();
    this.#barrier.writeStarted();
    const recordBytes = batchBytes(operations);
    return this.#put(operations, options?.sync === true ? SYNCED : UNSYNCED).then(
      () => this.#barrier.writeEnded(recordBytes),
      (error: unknown) => {
        this.#barrier.writeEnded(undefined);
        throw this.#fail(error);
      },
    );
  }

  async *scan(range: KeyRange): AsyncGenerator<readonly KeyValueEntry[], void, undefined> {
    const iterator = this.#iterator(range);
    try {
      for (;;) {
        const slice = await nextSlice(iterator, this.#database.location);
        if (slice.length === 0) return;
        yield slice;
      }
    } finally {
      await iterator.close();
    }
  }

  async clear(range: KeyRange): Promise<void> {
    if (this.#failure !== undefined) throw this.#refusal(this.#failure);
    const { gte, lt } = range;
    this.#barrier.writeStarted();
    try {
      // Measured before the clear, because tombstones alone give nothing back to the disk.
      const compact = gte !== undefined && lt !== undefined && (await this.#database.approximateSize(gte, lt)) >= COMPACT_FROM_BYTES;
      await this.#database.clear(range);
      if (compact) await this.#database.compactRange(gte, lt);
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#barrier.writeEnded(undefined);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#database.close();
    } catch (error) {
      throw storeError(error, 'close', this.#database.location);
    } finally {
      await this.#barrier.close();
    }
  }

  async barrier(): Promise<void> {
    if (!this.canBarrier) {
      throw new BrokerError('MQ_NOT_SUPPORTED', 'This platform cannot sync the files of another handle; write with `sync: true` instead.');
    }
    await this.#durably(() => this.#barrier.barrier());
  }

  async syncDirectory(): Promise<void> {
    await this.#durably(() => this.#barrier.syncDirectory());
  }

  async #durably(sync: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#refusal(this.#failure);
    if (this.#database.status !== 'open') {
      throw new BrokerError('MQ_BROKER_NOT_OPEN', `The store is closed: ${JSON.stringify(this.#database.location)}`);
    }
    try {
      await sync();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #iterator(range: KeyRange): EntryIterator {
    try {
      return this.#database.iterator({ ...range, highWaterMarkBytes: this.#tuning.scanBytes });
    } catch (error) {
      throw storeError(error, 'read', this.#database.location);
    }
  }

  #put(operations: readonly WriteOperation[], options: typeof SYNCED | typeof UNSYNCED): Promise<void> {
    const only = operations[0];
    if (operations.length === 1 && only !== undefined) {
      return only.value === undefined ? this.#database.del(only.key, options) : this.#database.put(only.key, only.value, options);
    }
    return this.#database.batch(
      operations.map(({ key, value }) => (value === undefined ? { type: 'del', key } : { type: 'put', key, value })),
      options,
    );
  }

  #fail(error: unknown): BrokerError {
    const failure = storeError(error, 'write', this.#database.location);
    if (failure.code !== 'MQ_BROKER_NOT_OPEN') this.#failure ??= failure;
    return failure;
  }

  #refusal(cause: BrokerError): BrokerError {
    return new BrokerError(cause.code, `An earlier write has failed; close the store and open it again: ${cause.message}`, { cause });
  }
}

/** Only what the database throws is translated, never an error of the code that consumes a scan. */
async function nextSlice(iterator: EntryIterator, location: string): Promise<readonly KeyValueEntry[]> {
  try {
    return (await iterator.nextv(SCAN_ENTRIES)).map(([key, value]) => [view(key), view(value)]);
  } catch (error) {
    throw storeError(error, 'read', location);
  }
}

/** A `Buffer` is not handed out, because its `slice` shares memory where that of a `Uint8Array` copies. */
function view(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : view(bytes);
}
