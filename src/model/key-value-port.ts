/** One change of an atomic write; an absent value deletes the key. */
export interface WriteOperation {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Bounds of a scan or a clear; keys compare as unsigned bytes. */
export interface KeyRange {
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  /** Highest key first. */
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** A key and its value, as a scan yields them. */
export type KeyValueEntry = readonly [key: Uint8Array, value: Uint8Array];

/**
 * The narrow face of an ordered key-value database that the engine needs.
 * Everything that a provider must do well is here; nothing else is ever called.
 */
export interface KeyValueStore {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Writes all operations or none. The bytes have been taken over when the call returns, so that the caller may use its buffers again at once.
   * A rejection means *unknown*: the write may or may not be there after the next open.
   */
  write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  /** Entries in key order, in slices of bounded size, over one snapshot. */
  scan(range: KeyRange): AsyncIterable<readonly KeyValueEntry[]>;
  clear(range: KeyRange): Promise<void>;
  close(): Promise<void>;
}

/** A key-value store that lies in a directory and can be told to make its writes durable. */
export interface DurableStore extends KeyValueStore {
  /**
   * What the database said of data that it dropped while opening, one line each; empty after a clean open.
   */
  readonly openingNotes: readonly string[];
  /** True where a barrier can cover unsynced writes; where it is false a group that must be durable is written with `sync: true`. */
  readonly canBarrier: boolean;
  /** Makes every write durable that resolved before the call. One barrier runs at a time; the caller sees to that. */
  barrier(): Promise<void>;
  /** Makes the directory entries of the store durable. */
  syncDirectory(): Promise<void>;
}
