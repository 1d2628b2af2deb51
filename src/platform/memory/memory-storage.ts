import { BrokerError } from '../../model/errors.ts';
import type { DurableStore, WriteOperation } from '../../model/key-value-port.ts';
import type { Directory, StorageProvider, StoreName } from '../../model/storage-provider.ts';
import { applyOperations, MemoryStore, type StoreContent } from './memory-store.ts';
import { OrderedBytes } from './ordered-bytes.ts';

/**
 * Keeps a broker's stores in this process's memory: nothing outlives `broker.close()`, and no receipt claims durability.
 *
 * @public
 * @since 0.1.0
 */
export function memoryStorage(): StorageProvider {
  let held = false;
  return {
    kind: 'memory',
    acquire: async () => {
      if (held) {
        throw new BrokerError(
          'MQ_STORE_LOCKED',
          'This memory storage is in use by another broker of this process; close that broker first.',
        );
      }
      held = true;
      return new MemoryDirectory(() => {
        held = false;
      });
    },
  };
}

class MemoryDirectory implements Directory {
  readonly location = 'memory';
  readonly #stores = new Map<StoreName, OrderedBytes>();
  readonly #onRelease: () => void;
  #marker: Uint8Array | undefined;

  constructor(onRelease: () => void) {
    this.#onRelease = onRelease;
  }

  async readMarker(): Promise<Uint8Array | undefined> {
    return this.#marker?.slice();
  }

  async writeMarker(bytes: Uint8Array): Promise<void> {
    this.#marker = bytes.slice();
  }

  async storeExists(name: StoreName): Promise<boolean> {
    return this.#stores.has(name);
  }

  async openStore(name: StoreName, options: { readonly create: boolean }): Promise<DurableStore> {
    let bytes = this.#stores.get(name);
    if (bytes === undefined) {
      if (!options.create) throw new BrokerError('MQ_STORE_DAMAGED', `The store ${JSON.stringify(name)} is not there.`);
      bytes = new OrderedBytes();
      this.#stores.set(name, bytes);
    }
    return new MemoryStore(plainContent(bytes));
  }

  async destroyStore(name: StoreName): Promise<void> {
    this.#stores.delete(name);
  }

  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }

  async releaseBallast(): Promise<void> {}

  async restoreBallast(): Promise<void> {}

  async release(): Promise<void> {
    this.#stores.clear();
    this.#onRelease();
  }
}

/** Nothing here is durable, so a barrier has nothing to do. */
function plainContent(bytes: OrderedBytes): StoreContent {
  const nothing = (): void => {};
  return {
    bytes,
    alive: true,
    write: (operations: readonly WriteOperation[]) => {
      applyOperations(bytes, operations);
      return nothing;
    },
    barrier: () => nothing,
    syncDirectory: nothing,
    closed: nothing,
  };
}
