/**
 * One change of an atomic write.
 * @public
 * @since 0.1.0
 */
export interface WriteOperation {
  /** At least one byte. */
  readonly key: Uint8Array;
  /** Absent: the key is deleted. */
  readonly value: Uint8Array | undefined;
}

/**
 * Bounds of a scan or a clear; keys compare as unsigned bytes.
 * @public
 * @since 0.1.0
 */
export interface KeyRange {
  /** Lowest key; absent: the first. */
  readonly gte?: Uint8Array;
  /** First key that does not belong to the range any more; absent: all up to the last. */
  readonly lt?: Uint8Array;
  /** Highest key first. */
  readonly reverse?: boolean;
  /** Most entries; absent: all. */
  readonly limit?: number;
}

/**
 * A key and its value, as a scan yields them.
 * @public
 * @since 0.1.0
 */
export type KeyValueEntry = readonly [key: Uint8Array, value: Uint8Array];

/**
 * The narrow face of an ordered key-value database that the engine needs.
 * Everything that a provider must do well is here; nothing else is ever called.
 * @public
 * @since 0.1.0
 */
export interface KeyValueStore {
  /** The value of a key, or `undefined`. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** The values of keys, in their order. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Writes all operations or none. The bytes have been taken over when the call returns, so that the caller may use its buffers again at once.
   * A rejection means *unknown*: the write may or may not be there after the next open.
   */
  write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  /** Entries in key order, in slices of bounded size, over one snapshot. */
  scan(range: KeyRange): AsyncIterable<readonly KeyValueEntry[]>;
  /** Removes every key of a range. */
  clear(range: KeyRange): Promise<void>;
  /** Later calls reject. */
  close(): Promise<void>;
}

/**
 * A key-value store that lies in a directory and can be told to make its writes durable.
 * @public
 * @since 0.1.0
 */
export interface DurableStore extends KeyValueStore {
  /**
   * What the database said of data that it dropped while opening, one line each; empty after a clean open.
   */
  readonly openingNotes: readonly string[];
  /** True where a barrier can cover unsynced writes; where it is false `barrier` is never called, and everything is written with `sync: true`. */
  readonly canBarrier: boolean;
  /** Makes every write durable that resolved before the call. One barrier runs at a time; the caller sees to that. */
  barrier(): Promise<void>;
  /** Makes the directory entries of the store durable. */
  syncDirectory(): Promise<void>;
}
