import type { KeyRange, KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';

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

/** What changed since the last checkpoint: a value, or its removal. */
interface Change<V> {
  readonly key: Uint8Array;
  readonly value: V | undefined;
  readonly includes: LogPosition;
}

const PAGE = 256;

/** Values of the index under the changes that are not there yet: whoever reads sees both as one. */
export class Overlay<V> {
  readonly #envelope: Envelope;
  readonly #codec: ValueCodec<V>;
  #store: KeyValueStore;
  /** By key as text, its bytes as characters, so that text order is key order. */
  #changes = new Map<string, Change<V>>();
  /** Changes that a running checkpoint has captured; readers still need them. */
  #captured: Map<string, Change<V>> | undefined;

  constructor(store: KeyValueStore, envelope: Envelope, codec: ValueCodec<V>) {
    this.#store = store;
    this.#envelope = envelope;
    this.#codec = codec;
  }

  reopened(store: KeyValueStore): void {
    this.#store = store;
  }

  /** Absent: the key is removed. */
  set(key: Uint8Array, value: V | undefined, includes: LogPosition): void {
    this.#changes.set(textOf(key), { key, value, includes });
  }

  async get(key: Uint8Array): Promise<V | undefined> {
    const change = this.#latest(textOf(key));
    if (change !== undefined) return change.value;
    const value = await this.#store.get(key);
    return value === undefined ? undefined : this.#codec.read(this.#envelope.open(key, value).reader);
  }

  /** Entries of a range in key order, or against it; the index is read in slices. */
  async *list(range: Pick<KeyRange, 'gte' | 'lt' | 'reverse'>): AsyncGenerator<OverlayEntry<V>> {
    const pending = this.#pendingIn(range);
    for (let left = range; ; ) {
      const slice = await this.#slice({ ...left, limit: PAGE });
      for (const [key, value] of slice) yield* this.#merge(pending, { key, value }, range.reverse ?? false);
      const last = slice.at(-1);
      if (last === undefined || slice.length < PAGE) break;
      left = range.reverse ? { ...range, lt: last[0] } : { ...range, gte: successor(last[0]) };
    }
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) yield* this.#entryOf(this.#latest(next[0]) ?? next[1]);
  }

  /** The range is void: its changes are not written any more. */
  forget(range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): void {
    const [first, end] = [textOf(range.gte), textOf(range.lt)];
    for (const name of this.#changes.keys()) if (name >= first && name < end) this.#changes.delete(name);
  }

  /** Adds the writes of what changed; the answers are for a write that succeeded and one that was rejected. */
  snapshot(operations: WriteOperation[]): { done: () => void; failed: () => void } {
    const captured = this.#changes;
    this.#changes = new Map();
    this.#captured = captured;
    for (const { key, value, includes } of captured.values()) {
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
        for (const [name, change] of newer) this.#changes.set(name, change);
      },
    };
  }

  /** What is pending before a stored entry, which leaves the list, and then the entry as it is now. */
  *#merge(pending: [string, Change<V>][], { key, value }: OverlayEntry<Uint8Array>, reverse: boolean): Generator<OverlayEntry<V>> {
    const name = textOf(key);
    let known: Change<V> | undefined;
    for (let first = pending.at(-1); first !== undefined; first = pending.at(-1)) {
      if (reverse ? first[0] < name : first[0] > name) break;
      pending.pop();
      // A checkpoint that ended meanwhile has made a pending change a stored one: it is the same value.
      if (first[0] === name) known = first[1];
      else yield* this.#entryOf(this.#latest(first[0]) ?? first[1]);
    }
    const change = this.#latest(name) ?? known;
    if (change === undefined) yield { key, value: this.#codec.read(this.#envelope.open(key, value).reader) };
    else yield* this.#entryOf(change);
  }

  async #slice(range: KeyRange): Promise<(readonly [Uint8Array, Uint8Array])[]> {
    const entries: (readonly [Uint8Array, Uint8Array])[] = [];
    for await (const slice of this.#store.scan(range)) entries.push(...slice);
    return entries;
  }

  #latest(name: string): Change<V> | undefined {
    return this.#changes.get(name) ?? this.#captured?.get(name);
  }

  /** Changes of a range, the next one last. */
  #pendingIn({ gte, lt, reverse }: Pick<KeyRange, 'gte' | 'lt' | 'reverse'>): [string, Change<V>][] {
    const first = gte === undefined ? '' : textOf(gte);
    const end = lt === undefined ? undefined : textOf(lt);
    const inRange = ([name]: [string, unknown]): boolean => name >= first && (end === undefined || name < end);
    const merged = new Map([...(this.#captured ?? [])].filter(inRange));
    for (const entry of this.#changes) if (inRange(entry)) merged.set(entry[0], entry[1]);
    const direction = reverse ? -1 : 1;
    return [...merged].sort(([left], [right]) => (left < right ? direction : -direction));
  }

  *#entryOf({ key, value }: Change<V>): Generator<OverlayEntry<V>> {
    if (value !== undefined) yield { key, value };
  }
}

/** The smallest key behind another one. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
