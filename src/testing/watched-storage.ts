import type { DurableStore, KeyRange, KeyValueEntry, WriteOperation } from '../model/key-value-port.ts';
import type { AcquireOptions, Directory, StorageProvider, StoreName } from '../model/storage-provider.ts';
import type { ClockWatch } from './manual-clock.ts';

/** Counts calls of a storage, so that a `ManualClock` can wait for them. */
class CallCounter implements ClockWatch {
  pending = 0;
  activity = 0;

  async during<T>(call: () => Promise<T>): Promise<T> {
    this.pending += 1;
    this.activity += 1;
    try {
      return await call();
    } finally {
      this.pending -= 1;
      this.activity += 1;
    }
  }
}

/** Wraps a storage so that a clock sees whether calls are under way. */
export function watchedStorage(provider: StorageProvider): { readonly provider: StorageProvider; readonly watch: ClockWatch } {
  const calls = new CallCounter();
  const watched: StorageProvider = {
    kind: provider.kind,
    // Not counted: it may wait for another holder on the very clock that would wait for it.
    acquire: async (options: AcquireOptions) => new WatchedDirectory(await provider.acquire(options), calls),
  };
  return { provider: watched, watch: calls };
}

class WatchedDirectory implements Directory {
  readonly #directory: Directory;
  readonly #calls: CallCounter;

  constructor(directory: Directory, calls: CallCounter) {
    this.#directory = directory;
    this.#calls = calls;
  }

  get location(): string {
    return this.#directory.location;
  }

  readMarker(): Promise<Uint8Array | undefined> {
    return this.#calls.during(() => this.#directory.readMarker());
  }

  writeMarker(bytes: Uint8Array): Promise<void> {
    return this.#calls.during(() => this.#directory.writeMarker(bytes));
  }

  storeExists(name: StoreName): Promise<boolean> {
    return this.#calls.during(() => this.#directory.storeExists(name));
  }

  openStore(name: StoreName, options: { readonly create: boolean }): Promise<DurableStore> {
    return this.#calls.during(async () => new WatchedStore(await this.#directory.openStore(name, options), this.#calls));
  }

  destroyStore(name: StoreName): Promise<void> {
    return this.#calls.during(() => this.#directory.destroyStore(name));
  }

  freeBytes(): Promise<number> {
    return this.#calls.during(() => this.#directory.freeBytes());
  }

  releaseBallast(): Promise<void> {
    return this.#calls.during(() => this.#directory.releaseBallast());
  }

  restoreBallast(): Promise<void> {
    return this.#calls.during(() => this.#directory.restoreBallast());
  }

  release(): Promise<void> {
    return this.#calls.during(() => this.#directory.release());
  }
}

class WatchedStore implements DurableStore {
  readonly #store: DurableStore;
  readonly #calls: CallCounter;

  constructor(store: DurableStore, calls: CallCounter) {
    this.#store = store;
    this.#calls = calls;
  }

  get openingNotes(): readonly string[] {
    return this.#store.openingNotes;
  }

  get canBarrier(): boolean {
    return this.#store.canBarrier;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#calls.during(() => this.#store.get(key));
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#calls.during(() => this.#store.getMany(keys));
  }

  write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    return this.#calls.during(() => this.#store.write(operations, options));
  }

  /** Each slice counts, not the whole scan: its reader may wait for something else between two. */
  async *scan(range: KeyRange): AsyncGenerator<readonly KeyValueEntry[], void, undefined> {
    const slices = this.#store.scan(range)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.#calls.during(() => slices.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      await slices.return?.();
    }
  }

  clear(range: KeyRange): Promise<void> {
    return this.#calls.during(() => this.#store.clear(range));
  }

  close(): Promise<void> {
    return this.#calls.during(() => this.#store.close());
  }

  barrier(): Promise<void> {
    return this.#calls.during(() => this.#store.barrier());
  }

  syncDirectory(): Promise<void> {
    return this.#calls.during(() => this.#store.syncDirectory());
  }
}
