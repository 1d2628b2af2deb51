import type { KeyRange, KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import { type DeadLetterMark, type ProgressAddress, readDeadLetter, writeDeadLetter } from '../log/state-records.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { addressIn, deadLetterKey, PREFIX, rangeOf } from './keys.ts';

/** A dead letter of a group, in the order of topic, queue and offset. */
export interface StoredDeadLetter {
  readonly address: ProgressAddress;
  readonly mark: DeadLetterMark;
  readonly key: Uint8Array;
}

/** What changed since the last checkpoint: a mark, or its removal. */
interface Change {
  readonly key: Uint8Array;
  readonly mark: DeadLetterMark | undefined;
  readonly includes: LogPosition;
}

const PAGE = 256;

/** The dead letters of all groups: in the index, under the changes that are not there yet. */
export class DeadLetters {
  readonly #envelope: Envelope;
  #store: KeyValueStore;
  /** By group id, then key as text: bytes as characters, so that text order is key order. */
  #changes = new Map<number, Map<string, Change>>();
  /** Changes that a running checkpoint has captured; readers still need them. */
  #captured: Map<number, Map<string, Change>> | undefined;

  constructor(store: KeyValueStore, envelope: Envelope) {
    this.#store = store;
    this.#envelope = envelope;
  }

  reopened(store: KeyValueStore): void {
    this.#store = store;
  }

  put(address: ProgressAddress, mark: DeadLetterMark, includes: LogPosition): void {
    this.#change(address, { key: deadLetterKey(address, mark.offset), mark, includes });
  }

  remove(address: ProgressAddress, offset: number, includes: LogPosition): void {
    this.#change(address, { key: deadLetterKey(address, offset), mark: undefined, includes });
  }

  /** The group was deleted. */
  forget(groupId: number): void {
    this.#changes.delete(groupId);
  }

  get isDirty(): boolean {
    return this.#changes.size > 0;
  }

  async get(address: ProgressAddress, offset: number): Promise<DeadLetterMark | undefined> {
    const key = deadLetterKey(address, offset);
    const change = this.#latest(address.groupId, text(key));
    if (change !== undefined) return change.mark;
    const value = await this.#store.get(key);
    return value === undefined ? undefined : readDeadLetter(this.#envelope.open(key, value).reader);
  }

  /** Letters of a group behind `after`, in slices. */
  async *list(groupId: number, after?: Uint8Array): AsyncGenerator<StoredDeadLetter> {
    const range = rangeOf(PREFIX.deadLetter, [groupId, 4]);
    const pending = this.#pendingOf(groupId, after);
    let next = 0;
    for (let from = after; ; ) {
      const slice = await this.#slice({ gte: from === undefined ? range.gte : successor(from), lt: range.lt, limit: PAGE });
      const last = slice.at(-1);
      for (const [key, value] of slice) {
        const name = text(key);
        for (let entry = pending[next]; entry !== undefined && entry[0] < name; entry = pending[++next]) yield* this.#letterOf(entry[1]);
        // A checkpoint that ended meanwhile has made a pending change a stored one: it is the same letter.
        const known = pending[next]?.[0] === name ? pending[next++]?.[1] : undefined;
        const change = this.#latest(groupId, name) ?? known;
        if (change === undefined) yield { address: addressIn(key), key, mark: readDeadLetter(this.#envelope.open(key, value).reader) };
        else yield* this.#letterOf(change);
      }
      if (last === undefined || slice.length < PAGE) break;
      from = last[0];
    }
    for (; next < pending.length; next++) yield* this.#letterOf(pending[next]?.[1]);
  }

  /** Adds the writes of what changed; the answers are for a write that succeeded and one that was rejected. */
  snapshot(operations: WriteOperation[]): { done: () => void; failed: () => void } {
    const captured = this.#changes;
    this.#changes = new Map();
    this.#captured = captured;
    for (const changes of captured.values()) {
      for (const { key, mark, includes } of changes.values()) {
        const value = mark === undefined ? undefined : this.#envelope.seal(key, includes, (writer) => writeDeadLetter(writer, mark));
        operations.push({ key, value });
      }
    }
    return {
      done: () => {
        this.#captured = undefined;
      },
      failed: () => {
        const newer = this.#changes;
        this.#changes = captured;
        this.#captured = undefined;
        for (const [groupId, changes] of newer) for (const [key, change] of changes) this.#of(groupId).set(key, change);
      },
    };
  }

  async #slice(range: KeyRange): Promise<(readonly [Uint8Array, Uint8Array])[]> {
    const entries: (readonly [Uint8Array, Uint8Array])[] = [];
    for await (const slice of this.#store.scan(range)) entries.push(...slice);
    return entries;
  }

  #change(address: ProgressAddress, change: Change): void {
    this.#of(address.groupId).set(text(change.key), change);
  }

  #of(groupId: number): Map<string, Change> {
    let changes = this.#changes.get(groupId);
    if (changes === undefined) {
      changes = new Map();
      this.#changes.set(groupId, changes);
    }
    return changes;
  }

  #latest(groupId: number, key: string): Change | undefined {
    return this.#changes.get(groupId)?.get(key) ?? this.#captured?.get(groupId)?.get(key);
  }

  #pendingOf(groupId: number, after: Uint8Array | undefined): [string, Change][] {
    const merged = new Map([...(this.#captured?.get(groupId) ?? []), ...(this.#changes.get(groupId) ?? [])]);
    const floor = after === undefined ? '' : text(after);
    return [...merged].filter(([key]) => key > floor).sort(([left], [right]) => (left < right ? -1 : 1));
  }

  *#letterOf(change: Change | undefined): Generator<StoredDeadLetter> {
    if (change?.mark !== undefined) yield { address: addressIn(change.key), key: change.key, mark: change.mark };
  }
}

function text(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
