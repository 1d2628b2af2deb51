import type { Delivery } from '../delivery/delivery.ts';
import type { ApplicationStore, StoreRange } from '../model/application-store.ts';
import { illegalArgument } from '../model/errors.ts';
import { checkFieldNames, requireBoolean, requireInteger, requireObject } from '../model/option-checks.ts';
import { storeBound, storeKey } from '../model/store-key.ts';

const KNOWN: ReadonlySet<string> = new Set(['prefix', 'gte', 'gt', 'lt', 'lte', 'reverse', 'limit']);
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bounds as bytes: from the first on, before the second. */
interface Bounds {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array | undefined;
}

/** The application's own keys and values, for reading. */
export class LocalApplicationStore implements ApplicationStore {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const bytes = storeKey(key);
    this.#delivery.context.assertOpen();
    return await this.#read(bytes);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (!Array.isArray(keys)) throw illegalArgument('getMany takes an array of keys');
    // Holes of the array are keys too, which are wrong.
    const checked = Array.from(keys, storeKey);
    this.#delivery.context.assertOpen();
    return await Promise.all(checked.map((key) => this.#read(key)));
  }

  entries(range: StoreRange = {}): AsyncIterable<[key: string, value: Uint8Array]> {
    checkFieldNames('A range of the application store', requireObject('A range of the application store', range), KNOWN);
    const bounds = boundsOf(range);
    const reverse = range.reverse === undefined ? false : requireBoolean('reverse', range.reverse);
    const limit = range.limit === undefined ? Number.POSITIVE_INFINITY : requireInteger('limit', range.limit, 0);
    this.#delivery.context.assertOpen();
    return this.#list(bounds, reverse, limit);
  }

  get #store(): Delivery['context']['store'] {
    return this.#delivery.context.store;
  }

  get #values(): Delivery['context']['store']['index']['applicationValues'] {
    return this.#store.index.applicationValues;
  }

  /** What is pending is shared with a checkpoint to come: the caller gets bytes of its own. */
  async #read(key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#store.overHeals(() => this.#values.get(key)))?.slice();
  }

  async *#list({ gte, lt }: Bounds, reverse: boolean, limit: number): AsyncGenerator<[key: string, value: Uint8Array]> {
    let left = limit;
    if (left === 0 || (lt !== undefined && compare(gte, lt) >= 0)) return;
    const range = { gte, reverse, limit, ...(lt === undefined ? {} : { lt }) };
    for await (const [key, value] of this.#values.list(range, (read) => this.#store.overHeals(read))) {
      this.#delivery.context.assertOpen();
      yield [decoder.decode(key), value.slice()];
      if (--left === 0) return;
    }
  }
}

/** The narrowest of all bounds that were given. */
function boundsOf({ prefix, gte, gt, lt, lte }: StoreRange): Bounds {
  let lowest = new Uint8Array(0);
  let end: Uint8Array | undefined;
  const from = (bound: Uint8Array): void => {
    if (compare(bound, lowest) > 0) lowest = new Uint8Array(bound);
  };
  const before = (bound: Uint8Array | undefined): void => {
    if (bound !== undefined && (end === undefined || compare(bound, end) < 0)) end = bound;
  };
  if (prefix !== undefined) {
    const bytes = storeBound('prefix', prefix);
    from(bytes);
    before(endOfPrefix(bytes));
  }
  if (gte !== undefined) from(storeBound('gte', gte));
  if (gt !== undefined) from(behind(storeBound('gt', gt)));
  if (lt !== undefined) before(storeBound('lt', lt));
  if (lte !== undefined) before(behind(storeBound('lte', lte)));
  return { gte: lowest, lt: end };
}

/** The smallest key behind another one. */
function behind(bytes: Uint8Array): Uint8Array {
  const next = new Uint8Array(bytes.length + 1);
  next.set(bytes);
  return next;
}

/** The first key behind all that begin with the prefix. UTF-8 has no byte 255, so that its last byte can always rise. */
function endOfPrefix(prefix: Uint8Array): Uint8Array | undefined {
  if (prefix.length === 0) return undefined;
  const end = prefix.slice();
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return end;
}

function compare(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const difference = (left[i] as number) - (right[i] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
