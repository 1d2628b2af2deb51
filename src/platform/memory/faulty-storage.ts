import { BrokerError } from '../../model/errors.ts';
import type { DurableStore, KeyRange, KeyValueEntry, WriteOperation } from '../../model/key-value-port.ts';
import type { AcquireOptions, Directory, StorageProvider, StoreName } from '../../model/storage-provider.ts';
import { diskFull, type FaultPlan } from './fault-plan.ts';
import { applyOperations } from './memory-store.ts';
import { OrderedBytes } from './ordered-bytes.ts';

const SLICE_ENTRIES = 1_000;

/**
 * Wraps a storage so that calls fail, wait or lie as the plan says. It behaves as LevelDB was seen to behave: after a failed write
 * later writes on the same handle resolve and can be read back, and are gone at the next open.
 *
 * @param provider - the storage that does the work
 * @param plan - says what goes wrong; may be changed at any time
 * @example
 * ```ts
 * const plan = new FaultPlan();
 * const broker = await Broker.open({ storage: faultyStorage(new SimulatedDisk(), plan) });
 * plan.failWrite('log', 1, { applied: true });
 * ```
 * @public
 * @since 0.1.0
 */
export function faultyStorage(provider: StorageProvider, plan: FaultPlan): StorageProvider {
  return {
    kind: provider.kind,
    acquire: async (options: AcquireOptions) => new FaultyDirectory(await provider.acquire(options), plan),
  };
}

class FaultyDirectory implements Directory {
  readonly #directory: Directory;
  readonly #plan: FaultPlan;

  constructor(directory: Directory, plan: FaultPlan) {
    this.#directory = directory;
    this.#plan = plan;
  }

  get location(): string {
    return this.#directory.location;
  }

  readMarker(): Promise<Uint8Array | undefined> {
    return this.#directory.readMarker();
  }

  async writeMarker(bytes: Uint8Array): Promise<void> {
    if (this.#plan.isFull) throw diskFull();
    await this.#directory.writeMarker(bytes);
  }

  storeExists(name: StoreName): Promise<boolean> {
    return this.#directory.storeExists(name);
  }

  async openStore(name: StoreName, options: { readonly create: boolean }): Promise<DurableStore> {
    if (this.#plan.isFull) throw diskFull();
    return new FaultyStore(name, await this.#directory.openStore(name, options), this.#plan);
  }

  destroyStore(name: StoreName): Promise<void> {
    return this.#directory.destroyStore(name);
  }

  async freeBytes(): Promise<number> {
    return this.#plan.isFull ? 0 : await this.#directory.freeBytes();
  }

  releaseBallast(): Promise<void> {
    return this.#directory.releaseBallast();
  }

  async restoreBallast(): Promise<void> {
    if (!this.#plan.isFull) await this.#directory.restoreBallast();
  }

  release(): Promise<void> {
    return this.#directory.release();
  }
}

class FaultyStore implements DurableStore {
  readonly #name: StoreName;
  readonly #store: DurableStore;
  readonly #plan: FaultPlan;
  /** What was written since the handle was poisoned: visible through it, and nowhere else. */
  #lost: WriteOperation[] | undefined;
  /** A close lets these end first, as LevelDB does. */
  readonly #inFlight = new Set<Promise<void>>();
  #closed = false;

  constructor(name: StoreName, store: DurableStore, plan: FaultPlan) {
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
    const lost = this.#lost?.findLast((operation) => equalBytes(operation.key, key));
    return lost === undefined ? await this.#store.get(key) : lost.value?.slice();
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    if (this.#closed) return this.#store.write(operations, options);
    const own = operations.map(({ key, value }): WriteOperation => ({ key: key.slice(), value: value?.slice() }));
    const writing = this.#write(own, options);
    this.#inFlight.add(writing);
    try {
      await writing;
    } finally {
      this.#inFlight.delete(writing);
    }
  }

  async *scan(range: KeyRange): AsyncGenerator<readonly KeyValueEntry[], void, undefined> {
    if (this.#lost === undefined) {
      yield* this.#store.scan(range);
      return;
    }
    const seen = new OrderedBytes();
    for await (const slice of this.#store.scan({})) for (const [key, value] of slice) seen.set(key, value);
    applyOperations(seen, this.#lost);
    const entries = Array.from(seen.range(range), ([key, value]): KeyValueEntry => [key.slice(), value.slice()]);
    for (let from = 0; from < entries.length; from += SLICE_ENTRIES) yield entries.slice(from, from + SLICE_ENTRIES);
  }

  async clear(range: KeyRange): Promise<void> {
    if (this.#lost === undefined && !this.#plan.isFull) return this.#store.clear(range);
    const operations: WriteOperation[] = [];
    for await (const slice of this.scan(range)) for (const [key] of slice) operations.push({ key, value: undefined });
    await this.write(operations);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#inFlight);
    this.#lost = undefined;
    await this.#store.close();
  }

  async barrier(): Promise<void> {
    const fate = await this.#plan.decide('barrier', this.#name);
    if (fate.kind === 'succeed') return this.#store.barrier();
    if (fate.applied) await this.#store.barrier();
    throw fate.error;
  }

  async syncDirectory(): Promise<void> {
    if (this.#plan.isFull) throw new BrokerError('MQ_STORE_WRITE_FAILED', 'The directory cannot be synced (planned): the disk is full.');
    await this.#store.syncDirectory();
  }

  async #write(own: readonly WriteOperation[], options: { readonly sync?: boolean } | undefined): Promise<void> {
    const fate = await this.#plan.decide('write', this.#name);
    if (fate.kind === 'fail') {
      if (fate.applied && this.#lost === undefined) await this.#store.write(own, options);
      this.#lost ??= [];
      throw fate.error;
    }
    if (this.#lost === undefined) await this.#store.write(own, options);
    else this.#lost.push(...own);
  }
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
