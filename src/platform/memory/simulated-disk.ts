import { BrokerError, illegalArgument } from '../../model/errors.ts';
import { toHex } from '../../model/hex.ts';
import type { Random } from '../../model/random.ts';
import type { AcquireOptions, Directory, StorageProvider, StoreName } from '../../model/storage-provider.ts';
import { SimulatedDirectory } from './simulated-directory.ts';
import type { PowerCutOptions, SimulatedStore } from './simulated-store.ts';

/**
 * What `corrupt` does to a value: `flip` inverts one bit, `zero` overwrites its second half with zeros, `truncate` cuts it short, `delete` removes the key.
 *
 * @public
 * @since 0.1.0
 */
export type CorruptionKind = 'flip' | 'zero' | 'truncate' | 'delete';

/**
 * A disk in memory that outlives the brokers which use it, for tests of crashes, power cuts and damage. It forgets what a real disk would forget
 * and no less: a write without a barrier, a close without one, a store that was never synced.
 *
 * @example
 * ```ts
 * const disk = new SimulatedDisk();
 * const broker = await Broker.open({ storage: disk });
 * disk.powerCut();
 * const again = await Broker.open({ storage: disk });
 * ```
 * @public
 * @since 0.1.0
 */
export class SimulatedDisk implements StorageProvider {
  /** It claims what a disk claims. */
  readonly kind = 'disk';
  /** What `freeBytes` of the directory answers; a test may change it. Default 1 TiB. */
  freeBytes: number = 2 ** 40;
  readonly #stores = new Map<StoreName, SimulatedStore>();
  #marker: Uint8Array | undefined;
  #holder: SimulatedDirectory | undefined;

  /** Rejects with `MQ_STORE_LOCKED` while a directory is held, after `lockWaitMs` of the given clock. */
  async acquire(options: AcquireOptions): Promise<Directory> {
    const deadline = options.clock.monotonic() + options.lockWaitMs;
    while (this.#holder !== undefined) {
      const leftMs = deadline - options.clock.monotonic();
      if (leftMs <= 0)
        throw new BrokerError('MQ_STORE_LOCKED', 'The simulated disk is held by another broker of this process; close that broker first.');
      await new Promise<void>((resolve) => {
        options.clock.setTimer(Math.min(50, leftMs), resolve);
      });
    }
    const directory: SimulatedDirectory = new SimulatedDirectory({
      stores: this.#stores,
      marker: () => this.#marker,
      setMarker: (bytes) => {
        this.#marker = bytes;
      },
      freeBytes: () => this.freeBytes,
      released: () => {
        if (this.#holder === directory) this.#holder = undefined;
      },
    });
    this.#holder = directory;
    return directory;
  }

  /** `kill -9`: everything written stays, the lock is forgotten, and calls of the dead broker reject with `MQ_BROKER_NOT_OPEN`. */
  crash(): void {
    this.#forgetHolder();
    for (const [name, store] of this.#stores) this.#stores.set(name, store.afterCrash());
  }

  /** The power fails: also loses what no barrier, synced write or directory sync had covered, as far as the options say. */
  powerCut(options: PowerCutOptions = {}): void {
    this.#forgetHolder();
    for (const [name, store] of this.#stores) {
      const left = store.afterPowerCut(options);
      if (left === undefined) this.#stores.delete(name);
      else this.#stores.set(name, left);
    }
  }

  /** A disk of its own with the same content, held by nobody. */
  clone(): SimulatedDisk {
    const copy = new SimulatedDisk();
    copy.freeBytes = this.freeBytes;
    copy.#marker = this.#marker;
    for (const [name, store] of this.#stores) copy.#stores.set(name, store.clone());
    return copy;
  }

  /** Damages the value of the key at `keyIndex` in key order (0 = the first, negative = from the end). Counts as durable, as does all else in the store. */
  corrupt(name: StoreName, keyIndex: number, kind: CorruptionKind, random: Random): void {
    this.#store(name).tamper((bytes) => {
      const position = keyIndex < 0 ? bytes.size + keyIndex : keyIndex;
      const entry = [...bytes.range({ limit: position + 1 })][position];
      if (entry === undefined) throw illegalArgument(`The store has ${bytes.size} keys; there is no key ${keyIndex}.`);
      const damaged = damage(entry[1], kind, random);
      if (damaged === undefined) bytes.delete(entry[0]);
      else bytes.set(entry[0], damaged);
    });
  }

  /** Removes a store, as somebody might who tidies up. */
  deleteStore(name: StoreName): void {
    this.#stores.delete(name);
  }

  /** Removes the marker file. */
  deleteMarker(): void {
    this.#marker = undefined;
  }

  /** Everything that a store holds, in key order, in hexadecimal; empty when there is no such store. */
  dump(name: StoreName): [hexKey: string, hexValue: string][] {
    const store = this.#stores.get(name);
    return store === undefined ? [] : Array.from(store.bytes.range({}), ([key, value]) => [toHex(key), toHex(value)]);
  }

  #store(name: StoreName): SimulatedStore {
    const store = this.#stores.get(name);
    if (store === undefined) throw illegalArgument(`The simulated disk has no store ${JSON.stringify(name)}.`);
    return store;
  }

  #forgetHolder(): void {
    this.#holder?.die();
    this.#holder = undefined;
  }
}

function damage(value: Uint8Array, kind: CorruptionKind, random: Random): Uint8Array | undefined {
  const place = Math.floor(random.next() * value.length);
  const damaged = value.slice();
  switch (kind) {
    case 'delete':
      return undefined;
    case 'flip':
      damaged[place] = (damaged[place] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      return damaged;
    case 'zero':
      return damaged.fill(0, damaged.length >>> 1);
    case 'truncate':
      return damaged.subarray(0, place);
    default:
      throw illegalArgument(`There is no corruption ${JSON.stringify(kind)}.`);
  }
}
