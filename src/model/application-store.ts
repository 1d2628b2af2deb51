/**
 * Which entries of the application store are wanted; keys compare by the bytes of their UTF-8.
 * @public
 * @since 0.2.0
 */
export interface StoreRange {
  /** Keys that begin with it; may be combined with the other bounds. */
  readonly prefix?: string | undefined;
  /** From this key on. */
  readonly gte?: string | undefined;
  /** Behind this key. */
  readonly gt?: string | undefined;
  /** Before this key. */
  readonly lt?: string | undefined;
  /** Up to this key. */
  readonly lte?: string | undefined;
  /** Highest key first; default false. */
  readonly reverse?: boolean | undefined;
  /** Most entries; default all. */
  readonly limit?: number | undefined;
}

/**
 * The application's own keys and values, which lie in the broker's store and are written through atomic units. A read sees every unit whose
 * promise has resolved.
 * @public
 * @since 0.2.0
 */
export interface ApplicationStore {
  /**
   * The value of a key, as bytes of the caller's own, or `undefined`.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_BROKER_NOT_OPEN`
   */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * The values of keys, in their order.
   * @throws as `get`
   */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Keys and values of a range in the order of their bytes, read a page after the other, so that a range may be of any size and memory holds a page
   * of it. It is no snapshot: each key comes at most once, and what a unit commits meanwhile may be seen, wholly or in part, or not.
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_BROKER_NOT_OPEN`, also from a step of the iteration once the broker is closed
   */
  entries(range?: StoreRange): AsyncIterable<[key: string, value: Uint8Array]>;
}
