import type { Clock } from './clock.ts';
import type { DurableStore } from './key-value-port.ts';

/**
 * The two stores of a broker: the commit log, which is the only journal, and the index, which is derived from it.
 * @public
 * @since 0.1.0
 */
export type StoreName = 'log' | 'index';

/**
 * What a provider needs to take hold of a broker's directory.
 * @public
 * @since 0.1.0
 */
export interface AcquireOptions {
  /** How long to wait for another holder, milliseconds; 0 refuses at once with `MQ_STORE_LOCKED`. */
  readonly lockWaitMs: number;
  /** Bytes of disk that must stay free; the provider sizes its ballast file by it. */
  readonly minFreeDiskBytes: number;
  /** The time that waiting takes. */
  readonly clock: Clock;
}

/**
 * Where a broker keeps its stores. Disk and memory are built in; tests and the browser bring their own.
 * @public
 * @since 0.1.0
 */
export interface StorageProvider {
  /** `memory` caps what receipts claim. */
  readonly kind: 'disk' | 'memory';
  /** Takes the place for this broker alone. Rejects with `MQ_STORE_LOCKED`, which names the holder. */
  acquire(options: AcquireOptions): Promise<Directory>;
}

/**
 * A broker's directory, held by one broker.
 * @public
 * @since 0.1.0
 */
export interface Directory {
  /** What names it to people: its path. */
  readonly location: string;
  /** The bytes of the marker file beside the stores, or `undefined` when there is none. */
  readMarker(): Promise<Uint8Array | undefined>;
  /** Replaces the marker in one step; durable when it resolves. */
  writeMarker(bytes: Uint8Array): Promise<void>;
  /** True when the store's folder holds anything. */
  storeExists(name: StoreName): Promise<boolean>;
  /** `create: false` refuses a store that is not there or that lost its manifest, instead of opening it empty. */
  openStore(name: StoreName, options: { readonly create: boolean }): Promise<DurableStore>;
  /** Removes a closed store, whole. */
  destroyStore(name: StoreName): Promise<void>;
  /** Bytes that this process may still write there. */
  freeBytes(): Promise<number>;
  /** Gives the ballast file's bytes back to a full disk. */
  releaseBallast(): Promise<void>;
  /** Reserves the ballast again, where there is room for it. */
  restoreBallast(): Promise<void>;
  /** Gives the directory up; the stores are closed by then. */
  release(): Promise<void>;
}
