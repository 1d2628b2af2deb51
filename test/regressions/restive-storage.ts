import type { DurableStore, KeyRange, KeyValueEntry, WriteOperation } from '../../src/model/key-value-port.ts';
import type { AcquireOptions, Directory, StorageProvider, StoreName } from '../../src/model/storage-provider.ts';

/** Says which reads of a `restiveStorage` fail or wait; a test changes it at any time. */
export class ReadPlan {
  /** Stores whose reads fail now, as those of a disk with a bad moment do. */
  readonly failing: Set<StoreName> = new Set();
  #held: Promise<void> | undefined;
  #letGo: () => void = () => undefined;

  /** Reads of the log wait until `release`. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  release(): void {
    this.#held = undefined;
    this.#letGo();
  }

  async pass(store: StoreName): Promise<void> {
    if (store === 'log') await this.#held;
    if (this.failing.has(store)) throw new Error('EIO: the disk had a bad moment (planned)');
  }
}

/** A storage whose reads fail or wait as the plan says; writes go through. */
export function restiveStorage(provider: StorageProvider, plan: ReadPlan): StorageProvider {
  return {
    kind: provider.kind,
    acquire: async (options: AcquireOptions) => withStores(await provider.acquire(options), plan),
  };
}

function withStores(directory: Directory, plan: ReadPlan): Directory {
  return {
    location: directory.location,
    readMarker: () => directory.readMarker(),
    writeMarker: (bytes) => directory.writeMarker(bytes),
    storeExists: (name) => directory.storeExists(name),
    openStore: async (name, options) => new RestiveStore(name, await directory.openStore(name, options), plan),
    destroyStore: (name) => directory.destroyStore(name),
    freeBytes: () => directory.freeBytes(),
    releaseBallast: () => directory.releaseBallast(),
    restoreBallast: () => directory.restoreBallast(),
    release: () => directory.release(),
  };
}

class RestiveStore implements DurableStore {
  readonly #name: StoreName;
  readonly #store: DurableStore;
  readonly #plan: ReadPlan;

  constructor(name: StoreName, store: DurableStore, plan: ReadPlan) {
    this.#name = name;
    this.#store = store;
    this.#plan = plan;
  }

  get openingNotes(): readonly string[] {
    return this.#store.openingNotes;
  }

  get canBarrier(): boolean {
    return this.#store.canBarrier;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#plan.pass(this.#name);
    return await this.#store.get(key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    await this.#plan.pass(this.#name);
    return await this.#store.getMany(keys);
  }

  async *scan(range: KeyRange): AsyncGenerator<readonly KeyValueEntry[], void, undefined> {
    await this.#plan.pass(this.#name);
    yield* this.#store.scan(range);
  }

  write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    return this.#store.write(operations, options);
  }

  clear(range: KeyRange): Promise<void> {
    return this.#store.clear(range);
  }

  barrier(): Promise<void> {
    return this.#store.barrier();
  }

  syncDirectory(): Promise<void> {
    return this.#store.syncDirectory();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
