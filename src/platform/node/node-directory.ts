import { randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Timer } from '../../model/clock.ts';
import { isBrokerError } from '../../model/errors.ts';
import type { DurableStore } from '../../model/key-value-port.ts';
import type { AcquireOptions, Directory, StoreName } from '../../model/storage-provider.ts';
import { Ballast } from './ballast.ts';
import { syncDirectory } from './directory-sync.ts';
import { freeDiskBytes } from './disk-space.ts';
import { errnoOf } from './file-errors.ts';
import { storeError } from './leveldb-errors.ts';
import { openLevelDb, TUNING } from './leveldb-store.ts';
import type { OwnerLock } from './owner-lock.ts';

const MARKER = 'broker.json';
/** A store on its way out has this in its folder's name. */
const REMOVED = '.removed-';
/** A broker that lives no longer than this needs no ballast, and its opening is not slowed down by one. */
const BALLAST_DELAY_MS = 1_000;

/** A broker's folder on disk, held by this process. */
export class NodeDirectory implements Directory {
  readonly location: string;
  readonly #lock: OwnerLock;
  readonly #ballast: Ballast;
  readonly #ballastTimer: Timer;

  constructor(location: string, lock: OwnerLock, options: AcquireOptions) {
    this.location = location;
    this.#lock = lock;
    this.#ballast = new Ballast(location, options.minFreeDiskBytes);
    this.#ballastTimer = options.clock.setTimer(BALLAST_DELAY_MS, () => void this.#ballast.reserve());
  }

  async readMarker(): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readFile(this.#path(MARKER));
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw storeError(error, 'read', this.#path(MARKER));
    }
  }

  async writeMarker(bytes: Uint8Array): Promise<void> {
    const own = bytes.slice();
    const temporary = this.#path(`${MARKER}.new`);
    await this.#changing(async () => {
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(own);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path(MARKER));
      await syncDirectory(this.location);
    });
  }

  async storeExists(name: StoreName): Promise<boolean> {
    try {
      return (await readdir(this.#path(name))).length > 0;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw storeError(error, 'read', this.#path(name));
    }
  }

  async openStore(name: StoreName, options: { readonly create: boolean }): Promise<DurableStore> {
    const store = await this.#openUnlocked(name, options.create);
    // A new store's folder must be found again after a power cut.
    try {
      if (options.create) await this.#changing(() => syncDirectory(this.location));
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  async destroyStore(name: StoreName): Promise<void> {
    const removed = this.#path(`${name}${REMOVED}${randomUUID()}`);
    await this.#changing(async () => {
      // Renamed first: a removal that is cut short must not leave half a store.
      try {
        await rename(this.#path(name), removed);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return;
        throw error;
      }
      await syncDirectory(this.location);
      await rm(removed, { recursive: true, force: true });
    });
  }

  async freeBytes(): Promise<number> {
    return await freeDiskBytes(this.location);
  }

  async releaseBallast(): Promise<void> {
    this.#ballastTimer.cancel();
    await this.#ballast.release();
  }

  async restoreBallast(): Promise<void> {
    await this.#ballast.reserve();
  }

  async release(): Promise<void> {
    this.#ballastTimer.cancel();
    await this.#ballast.stop();
    await this.#changing(() => this.#lock.release());
  }

  async #openUnlocked(name: StoreName, create: boolean): Promise<DurableStore> {
    for (;;) {
      try {
        return await openLevelDb(this.#path(name), { create, tuning: TUNING[name] });
      } catch (error) {
        if (!isBrokerError(error) || error.code !== 'MQ_STORE_LOCKED') throw error;
        if (!(await this.#lock.waitForHolder())) throw await this.#lock.refused(error);
      }
    }
  }

  async #changing<T>(change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      throw storeError(error, 'write', this.location);
    }
  }

  #path(name: string): string {
    return join(this.location, name);
  }
}

/** Finishes removals that an earlier process could not. */
export async function sweepRemovedStores(location: string): Promise<void> {
  for (const name of await readdir(location)) {
    if (name.includes(REMOVED)) await rm(join(location, name), { recursive: true, force: true });
  }
}
