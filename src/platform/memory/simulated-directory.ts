import { BrokerError } from '../../model/errors.ts';
import type { DurableStore } from '../../model/key-value-port.ts';
import type { Directory, StoreName } from '../../model/storage-provider.ts';
import { MemoryStore } from './memory-store.ts';
import { SimulatedStore } from './simulated-store.ts';

/** The disk as its directory sees it. */
export interface DiskFace {
  readonly stores: Map<StoreName, SimulatedStore>;
  marker(): Uint8Array | undefined;
  setMarker(bytes: Uint8Array): void;
  freeBytes(): number;
  released(): void;
}

/** A simulated disk, held by one broker until it releases it or dies. */
export class SimulatedDirectory implements Directory {
  readonly location = 'simulated disk';
  readonly #disk: DiskFace;
  #alive = true;

  constructor(disk: DiskFace) {
    this.#disk = disk;
  }

  die(): void {
    this.#alive = false;
  }

  async readMarker(): Promise<Uint8Array | undefined> {
    this.#assertAlive();
    return this.#disk.marker()?.slice();
  }

  async writeMarker(bytes: Uint8Array): Promise<void> {
    const own = bytes.slice();
    await undefined;
    this.#assertAlive();
    this.#disk.setMarker(own);
  }

  async storeExists(name: StoreName): Promise<boolean> {
    this.#assertAlive();
    return this.#disk.stores.has(name);
  }

  async openStore(name: StoreName, options: { readonly create: boolean }): Promise<DurableStore> {
    await undefined;
    this.#assertAlive();
    let store = this.#disk.stores.get(name);
    if (store?.isOpen === true) throw new BrokerError('MQ_STORE_LOCKED', `The store ${JSON.stringify(name)} is open already.`);
    if (store === undefined) {
      if (!options.create)
        throw new BrokerError('MQ_STORE_DAMAGED', `The store ${JSON.stringify(name)} is not there; it would open empty.`);
      store = new SimulatedStore();
      this.#disk.stores.set(name, store);
    }
    store.opened();
    return new MemoryStore(store);
  }

  async destroyStore(name: StoreName): Promise<void> {
    this.#assertAlive();
    if (this.#disk.stores.get(name)?.isOpen === true)
      throw new BrokerError('MQ_STORE_LOCKED', `The store ${JSON.stringify(name)} is open.`);
    this.#disk.stores.delete(name);
  }

  async freeBytes(): Promise<number> {
    return this.#disk.freeBytes();
  }

  async releaseBallast(): Promise<void> {
    this.#assertAlive();
  }

  async restoreBallast(): Promise<void> {
    this.#assertAlive();
  }

  async release(): Promise<void> {
    this.#disk.released();
  }

  #assertAlive(): void {
    if (!this.#alive)
      throw new BrokerError('MQ_BROKER_NOT_OPEN', 'The process that held the simulated disk has crashed; acquire the disk again.');
  }
}
