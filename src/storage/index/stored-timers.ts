import type { KeyValueEntry, KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { timerKey, timerRange } from './keys.ts';
import { type Reading, successor } from './overlay.ts';
import type { TimerEntry } from './timer-rows.ts';
import { openTimer, type TimerChanges, timerWrites } from './timer-values.ts';

/** Entries that one load brings into memory. */
const LOAD_ENTRIES = 16_384;
/** The same for a page of a list, which may end long before them. */
const PAGE_ENTRIES = 1024;

/** A place in the order of timers. */
export interface TimerPlace {
  readonly dueAtMs: number;
  readonly position: LogPosition;
}

/** The timers of one kind as the index has them, those included that are gone since the last checkpoint. */
export class StoredTimers {
  readonly #kind: number;
  readonly #envelope: Envelope;
  #store: KeyValueStore;

  constructor(kind: number, store: KeyValueStore, envelope: Envelope) {
    this.#kind = kind;
    this.#store = store;
    this.#envelope = envelope;
  }

  reopened(store: KeyValueStore): void {
    this.#store = store;
  }

  async at({ dueAtMs, position }: TimerPlace): Promise<TimerEntry | undefined> {
    const key = timerKey(this.#kind, dueAtMs, position);
    const value = await this.#store.get(key);
    return value === undefined ? undefined : openTimer(this.#envelope, [key, value]);
  }

  /** What is due before an instant, from a place on, as far as one load goes; `next` is the entry behind it. */
  async before(untilMs: number, from: TimerPlace): Promise<{ readonly entries: TimerEntry[]; readonly next: TimerEntry | undefined }> {
    const entries: TimerEntry[] = [];
    for await (const slice of this.#store.scan({ ...timerRange(this.#kind, from), limit: LOAD_ENTRIES + 1 })) {
      for (const stored of slice) {
        const entry = openTimer(this.#envelope, stored);
        if (entries.length === LOAD_ENTRIES || entry.dueAtMs >= untilMs) return { entries, next: entry };
        entries.push(entry);
      }
    }
    return { entries, next: undefined };
  }

  /** Everything behind a place, in order; `reading` reads each page of it, perhaps more than once. */
  async *after(place: TimerPlace, reading: Reading): AsyncGenerator<TimerEntry> {
    for (let last: TimerPlace | undefined = place; last !== undefined; ) {
      const { dueAtMs, position }: TimerPlace = last;
      const gte = successor(timerKey(this.#kind, dueAtMs, position));
      const page = await reading(() => this.#page(gte));
      const entries = page.map((stored) => openTimer(this.#envelope, stored));
      yield* entries;
      last = entries.length < PAGE_ENTRIES ? undefined : entries.at(-1);
    }
  }

  /** The writes that bring it up to date, a part of them at each step, packed when they are asked for. */
  writes(changes: TimerChanges): Iterable<readonly WriteOperation[]> {
    return timerWrites(this.#kind, this.#envelope, changes);
  }

  async #page(gte: Uint8Array): Promise<KeyValueEntry[]> {
    const { lt } = timerRange(this.#kind, { dueAtMs: 0, position: 0 });
    const page: KeyValueEntry[] = [];
    for await (const slice of this.#store.scan({ gte, lt, limit: PAGE_ENTRIES })) page.push(...slice);
    return page;
  }
}
