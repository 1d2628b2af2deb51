import type { KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import type { Reading } from './overlay.ts';
import { StoredTimers, type TimerPlace } from './stored-timers.ts';
import { TimerHeap } from './timer-heap.ts';
import { SAVED, type SavedState, type TimerEntry, TimerRows } from './timer-rows.ts';

/** A load goes further than what was asked for, so that most of what comes due finds nothing to load. */
const AHEAD_MS = 60_000;
/** More saved entries than these leave memory at a checkpoint, the furthest first. */
const MOST_IN_MEMORY = 131_072;

/** An entry that somebody is about to make due or to take back. */
interface HeldTimer {
  readonly entry: TimerEntry;
  saved: SavedState;
}

/** What a checkpoint takes of the timers. */
export interface TimerSnapshot {
  /** The writes, a part of them at each step. */
  readonly writes: Iterable<readonly WriteOperation[]>;
  /** All of them succeeded. */
  readonly done: () => void;
  /** One was rejected, or they were given up. */
  readonly failed: () => void;
}

/**
 * Messages that wait, by the instant at which they are due. In memory is what no checkpoint has saved yet, and what is due before the horizon;
 * the rest lies in the index alone.
 */
export class Timers {
  readonly #stored: StoredTimers;
  readonly #heap = new TimerHeap();
  readonly #held = new Map<LogPosition, HeldTimer>();
  /** Every saved entry before this place is in memory. */
  #horizon: TimerPlace = { dueAtMs: 0, position: 0 };
  /** The index may have entries behind the horizon. */
  #isMoreStored = true;
  /** Entries that are gone, while the index may still have them. */
  readonly #removed = new Map<LogPosition, number>();
  #loading: Promise<void> | undefined;

  constructor(kind: number, store: KeyValueStore, envelope: Envelope) {
    this.#stored = new StoredTimers(kind, store, envelope);
  }

  reopened(store: KeyValueStore): void {
    this.#stored.reopened(store);
  }

  /** The index has no timers at all. */
  nothingStored(): void {
    this.#isMoreStored = false;
  }

  /** Nothing waits, as far as is known without reading. */
  get isEmpty(): boolean {
    return this.#heap.size === 0 && !this.#isMoreStored;
  }

  /** When something is due or has to be loaded; `undefined` while nothing waits. */
  get nextAtMs(): number | undefined {
    const top = this.#heap.topDueAtMs;
    if (!this.#isMoreStored) return top;
    return top === undefined ? this.#horizon.dueAtMs : Math.min(top, this.#horizon.dueAtMs);
  }

  /** `saved` is `unknown` in a replay, which may meet what a checkpoint has written. */
  add(entry: TimerEntry, saved: SavedState = SAVED.no): void {
    this.#heap.push(entry, saved);
  }

  /** In a replay: the entry has come due or was taken back, wherever it is. `afterReplay` looks for it. */
  removeReplayed(dueAtMs: number, position: LogPosition): void {
    this.#removed.set(position, dueAtMs);
  }

  afterReplay(): void {
    if (this.#removed.size > 0) this.#heap.filter((row) => !this.#removed.has(this.#heap.positionAt(row)));
  }

  /** Takes entries that are due; each of them is settled or released afterwards. */
  takeDue(nowMs: number, most: number): TimerEntry[] {
    const taken: TimerEntry[] = [];
    const heap = this.#heap;
    for (let due = heap.topDueAtMs; due !== undefined && due <= nowMs && taken.length < most; due = heap.topDueAtMs) {
      // What is not loaded yet may be due before what is in memory.
      if (this.#isMoreStored && this.#isBehindHorizon(due, heap.topPosition)) break;
      taken.push(this.#hold(0));
    }
    return taken;
  }

  /** Takes one entry, wherever it is; `held`: somebody else has it, `undefined`: it does not wait any more. */
  async take(dueAtMs: number, position: LogPosition): Promise<TimerEntry | 'held' | undefined> {
    const inMemory = this.#takeInMemory(dueAtMs, position);
    if (inMemory !== undefined || this.#removed.has(position)) return inMemory;
    const entry = await this.#stored.at({ dueAtMs, position });
    // It may have been loaded, or removed, meanwhile.
    const now = this.#takeInMemory(dueAtMs, position);
    if (now !== undefined || entry === undefined || this.#removed.has(position) || !this.#isBehindHorizon(dueAtMs, position)) return now;
    this.#held.set(position, { entry, saved: SAVED.yes });
    return entry;
  }

  /** The entry that was taken is gone for good. */
  settle(position: LogPosition): void {
    const held = this.#held.get(position);
    this.#held.delete(position);
    if (held !== undefined && held.saved !== SAVED.no) this.#removed.set(position, held.entry.dueAtMs);
  }

  /** The entry that was taken goes on waiting. */
  release(position: LogPosition): void {
    const held = this.#held.get(position);
    if (held === undefined) return;
    this.#held.delete(position);
    this.#heap.push(held.entry, held.saved);
  }

  /** Brings into memory what is saved and due before `untilMs`, or a slice of it, unless it is there; one load at a time. */
  load(untilMs: number): Promise<void> {
    if (this.#horizon.dueAtMs >= untilMs) return Promise.resolve();
    if (!this.#isMoreStored) {
      this.#horizon = { dueAtMs: untilMs, position: 0 };
      return Promise.resolve();
    }
    this.#loading ??= this.#load(untilMs + AHEAD_MS).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(untilMs: number): Promise<void> {
    const { entries, next } = await this.#stored.before(untilMs, this.#horizon);
    const present = this.#positionsFrom(this.#horizon);
    for (const entry of entries) {
      if (!present.has(entry.position) && !this.#removed.has(entry.position)) this.#heap.push(entry, SAVED.yes);
    }
    this.#isMoreStored = next !== undefined;
    this.#horizon = next !== undefined && next.dueAtMs < untilMs ? next : { dueAtMs: untilMs, position: 0 };
  }

  /** Every entry in memory and in the index behind a place, in order; `reading` reads each part of the index, perhaps more than once. */
  async *list(after: TimerPlace, reading: Reading = (read) => read()): AsyncGenerator<TimerEntry> {
    const inMemory = this.#entriesFrom(after);
    const known = new Set(inMemory.map(({ position }) => position));
    let next = 0;
    for await (const entry of this.#stored.after(after, reading)) {
      if (known.has(entry.position) || this.#removed.has(entry.position)) continue;
      for (let one = inMemory[next]; one !== undefined && compare(one, entry) < 0; one = inMemory[++next]) yield one;
      yield entry;
    }
    for (; next < inMemory.length; next++) yield inMemory[next] as TimerEntry;
  }

  /** Takes what changed: it is packed while the checkpoint writes it. */
  snapshot(): TimerSnapshot {
    const removed = new Map(this.#removed);
    const added = new TimerRows();
    for (let row = 0; row < this.#heap.size; row++) {
      if (!isToSave(this.#heap.savedAt(row))) continue;
      added.copy(this.#heap, row);
      this.#heap.setSaved(row, SAVED.captured);
    }
    for (const held of this.#held.values()) {
      if (!isToSave(held.saved)) continue;
      added.set(added.append(), held.entry, SAVED.captured);
      held.saved = SAVED.captured;
    }
    return {
      writes: this.#stored.writes({ removed, added }),
      done: () => {
        this.#setCaptured(SAVED.yes);
        // A load that has read the index before this write knows by them what it must not bring back.
        const forget = (): void => {
          for (const position of removed.keys()) this.#removed.delete(position);
        };
        if (this.#loading === undefined) forget();
        else this.#loading.then(forget, forget);
        this.#forgetFar();
      },
      failed: () => this.#setCaptured(SAVED.unknown),
    };
  }

  /** After a power cut another message may have the position of one that was lost; it is told by its time. */
  #takeInMemory(dueAtMs: number, position: LogPosition): TimerEntry | 'held' | undefined {
    const held = this.#held.get(position);
    if (held !== undefined) return held.entry.dueAtMs === dueAtMs ? 'held' : undefined;
    const row = this.#heap.find(position);
    return row < 0 || this.#heap.dueAt(row) !== dueAtMs ? undefined : this.#hold(row);
  }

  #hold(row: number): TimerEntry {
    const held = { entry: this.#heap.at(row), saved: this.#heap.savedAt(row) };
    this.#heap.remove(row);
    this.#held.set(held.entry.position, held);
    return held.entry;
  }

  #setCaptured(saved: SavedState): void {
    for (let row = 0; row < this.#heap.size; row++) if (this.#heap.savedAt(row) === SAVED.captured) this.#heap.setSaved(row, saved);
    for (const held of this.#held.values()) if (held.saved === SAVED.captured) held.saved = saved;
  }

  /** What is saved and due behind the horizon leaves memory. Not while something is loaded: it would be in neither. */
  #forgetFar(): void {
    if (this.#loading !== undefined) return;
    const heap = this.#heap;
    this.#lowerHorizon();
    const before = heap.size;
    heap.filter((row) => heap.savedAt(row) !== SAVED.yes || !this.#isBehindHorizon(heap.dueAt(row), heap.positionAt(row)));
    if (heap.size < before) this.#isMoreStored = true;
  }

  #lowerHorizon(): void {
    const heap = this.#heap;
    if (heap.size <= MOST_IN_MEMORY) return;
    const due: number[] = [];
    for (let row = 0; row < heap.size; row++) if (heap.savedAt(row) === SAVED.yes) due.push(heap.dueAt(row));
    if (due.length <= MOST_IN_MEMORY) return;
    const dueAtMs = Float64Array.from(due).sort()[MOST_IN_MEMORY / 2] as number;
    if (dueAtMs < this.#horizon.dueAtMs) this.#horizon = { dueAtMs, position: 0 };
  }

  #isBehindHorizon(dueAtMs: number, position: LogPosition): boolean {
    return compare({ dueAtMs, position }, this.#horizon) >= 0;
  }

  #positionsFrom(place: TimerPlace): ReadonlySet<LogPosition> {
    const positions = new Set(this.#held.keys());
    for (let row = 0; row < this.#heap.size; row++) if (this.#heap.dueAt(row) >= place.dueAtMs) positions.add(this.#heap.positionAt(row));
    return positions;
  }

  #entriesFrom(after: TimerPlace): TimerEntry[] {
    const entries = [...this.#held.values()].map(({ entry }) => entry);
    for (let row = 0; row < this.#heap.size; row++) entries.push(this.#heap.at(row));
    return entries.filter((entry) => compare(entry, after) > 0).sort(compare);
  }
}

function isToSave(saved: SavedState): boolean {
  return saved === SAVED.no || saved === SAVED.unknown;
}

function compare(left: TimerPlace, right: TimerPlace): number {
  return left.dueAtMs - right.dueAtMs || left.position - right.position;
}
