import type { KeyRange, KeyValueEntry, KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { type Change, nameOf, PendingChanges } from './pending-changes.ts';

/** How values of an overlay lie in the index. */
export interface ValueCodec<V> {
  write(writer: ByteWriter, value: V): void;
  read(reader: ByteReader): V;
}

/** A key and its value. */
export interface OverlayEntry<V> {
  readonly key: Uint8Array;
  readonly value: V;
}

type ListRange = Pick<KeyRange, 'gte' | 'lt' | 'reverse'>;

/** Lets a part of a list be read, and answers it. */
export type Reading = <T>(read: () => Promise<T>) => Promise<T>;

/** A part of a list, and the range that is left after it. */
interface Page<V> {
  readonly entries: readonly OverlayEntry<V>[];
  readonly rest: ListRange | undefined;
}

const PAGE_ENTRIES = 256;
/** A page of large values has fewer. */
const PAGE_BYTES = 1024 * 1024;

/** Values of the index under the changes that are not there yet: whoever reads sees both as one. */
export class Overlay<V> {
  readonly #envelope: Envelope;
  readonly #codec: ValueCodec<V>;
  #store: KeyValueStore;
  /** What changed since the last checkpoint. */
  #changes = new PendingChanges<V>();
  /** Changes that a running checkpoint has captured; readers still need them. */
  #captured: PendingChanges<V> | undefined;

  constructor(store: KeyValueStore, envelope: Envelope, codec: ValueCodec<V>) {
    this.#store = store;
    this.#envelope = envelope;
    this.#codec = codec;
  }

  reopened(store: KeyValueStore): void {
    this.#store = store;
  }

  /** Changes that no checkpoint has captured. */
  get pending(): number {
    return this.#changes.size;
  }

  /** Absent: the key is removed. */
  set(key: Uint8Array, value: V | undefined, includes: LogPosition): void {
    this.#changes.set(nameOf(key), { key, value, includes });
  }

  async get(key: Uint8Array): Promise<V | undefined> {
    const change = this.#latest(nameOf(key));
    if (change !== undefined) return change.value;
    const value = await this.#store.get(key);
    return value === undefined ? undefined : this.#open(key, value);
  }

  /**
   * Entries of a range in key order, or against it, a page after the other; each page is as of its reading. `wanted` says how many its reader
   * is likely to take; `reading` reads each page, perhaps more than once.
   */
  async *list(range: ListRange, wanted: number = PAGE_ENTRIES, reading: Reading = (read) => read()): AsyncGenerator<OverlayEntry<V>> {
    const most = Math.min(PAGE_ENTRIES, wanted);
    for (let left: ListRange | undefined = range; left !== undefined; ) {
      const from = left;
      const page: Page<V> = await reading(() => this.#page(from, most));
      yield* page.entries;
      left = page.rest;
    }
  }

  /** The range is void: its changes are not written any more. */
  forget(range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): void {
    this.#changes.forget(range);
  }

  /** Adds the writes of what changed; the answers are for a write that succeeded and one that was rejected. */
  snapshot(operations: WriteOperation[]): { done: () => void; failed: () => void } {
    const captured = this.#changes;
    this.#changes = new PendingChanges();
    this.#captured = captured;
    for (const [, { key, value, includes }] of captured.entries()) {
      const sealed = value === undefined ? undefined : this.#envelope.seal(key, includes, (writer) => this.#codec.write(writer, value));
      operations.push({ key, value: sealed });
    }
    return {
      done: () => {
        this.#captured = undefined;
      },
      failed: () => {
        const newer = this.#changes;
        this.#changes = captured;
        this.#captured = undefined;
        for (const [name, change] of newer.entries()) this.#changes.set(name, change);
      },
    };
  }

  async #page(range: ListRange, most: number): Promise<Page<V>> {
    // Before the index is read: a checkpoint that ends meanwhile moves them there behind the reader's back.
    const pending = this.#pendingIn(range, most);
    const stored = await this.#storedIn(range, most);
    const { reverse = false } = range;
    const entries: OverlayEntry<V>[] = [];
    for (const { name, key, change, value } of merge(pending.changes, stored.entries, reverse)) {
      if (change === undefined) entries.push({ key, value: this.#open(key, value as Uint8Array) });
      else if (change.value !== undefined) entries.push({ key, value: change.value });
      // What lies behind the end of a source that has more is not known yet.
      if (name === pending.end || name === stored.end) return { entries, rest: restOf(range, key) };
    }
    return { entries, rest: undefined };
  }

  /** The first changes of a range, captured ones among them. `end`: the last of them, where there are more. */
  #pendingIn(range: ListRange, most: number): { changes: [string, Change<V>][]; end: string | undefined } {
    const names = this.#changes.namesIn(range, most);
    const captured = this.#captured?.namesIn(range, most) ?? [];
    const direction = range.reverse ? -1 : 1;
    const all =
      captured.length === 0 ? names : [...new Set([...names, ...captured])].sort((left, right) => (left < right ? -direction : direction));
    const isWhole = names.length < most && captured.length < most && all.length <= most;
    const first = all.slice(0, most);
    return { changes: first.map((name) => [name, this.#latest(name) as Change<V>]), end: isWhole ? undefined : first.at(-1) };
  }

  /** The first values of a range in the index. `end`: the last of them, where there may be more. */
  async #storedIn(range: ListRange, most: number): Promise<{ entries: [string, KeyValueEntry][]; end: string | undefined }> {
    const entries: [string, KeyValueEntry][] = [];
    let bytes = 0;
    for await (const slice of this.#store.scan({ ...range, limit: most })) {
      for (const entry of slice) {
        entries.push([nameOf(entry[0]), entry]);
        bytes += entry[1].length;
      }
      if (bytes >= PAGE_BYTES) return { entries, end: entries.at(-1)?.[0] };
    }
    return { entries, end: entries.length < most ? undefined : entries.at(-1)?.[0] };
  }

  #open(key: Uint8Array, value: Uint8Array): V {
    return this.#codec.read(this.#envelope.open(key, value).reader);
  }

  #latest(name: string): Change<V> | undefined {
    return this.#changes.get(name) ?? this.#captured?.get(name);
  }
}

/** What a page has of a key: a change that was pending, a value in the index, or both. */
interface Merged<V> {
  readonly name: string;
  readonly key: Uint8Array;
  readonly change: Change<V> | undefined;
  readonly value: Uint8Array | undefined;
}

function* merge<V>(
  changes: readonly [string, Change<V>][],
  stored: readonly [string, KeyValueEntry][],
  reverse: boolean,
): Generator<Merged<V>> {
  let next = 0;
  const isBefore = (left: string, right: string): boolean => (reverse ? left > right : left < right);
  for (const [name, [key, value]] of stored) {
    for (let change = changes[next]; change !== undefined && isBefore(change[0], name); change = changes[++next]) yield pendingOf(change);
    const change = changes[next];
    const isBoth = change?.[0] === name;
    if (isBoth) next++;
    yield { name, key, change: isBoth ? change?.[1] : undefined, value };
  }
  for (const change of changes.slice(next)) yield pendingOf(change);
}

function pendingOf<V>([name, change]: [string, Change<V>]): Merged<V> {
  return { name, key: change.key, change, value: undefined };
}

/** What is left of a range behind a key of it. */
function restOf(range: ListRange, key: Uint8Array): ListRange {
  return range.reverse ? { ...range, lt: key } : { ...range, gte: successor(key) };
}

/** The smallest key behind another one. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
