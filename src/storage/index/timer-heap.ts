import type { LogPosition } from '../log-position.ts';
import { type SavedState, type TimerEntry, TimerRows } from './timer-rows.ts';

/** Timers with the earliest on top. */
export class TimerHeap extends TimerRows {
  get topDueAtMs(): number | undefined {
    return this.size === 0 ? undefined : this.dueAt(0);
  }

  get topPosition(): LogPosition {
    return this.positionAt(0);
  }

  push(entry: TimerEntry, saved: SavedState): void {
    this.#rise(this.append(), entry, saved);
  }

  remove(row: number): void {
    const last = --this.size;
    if (row === last) return;
    const [entry, saved] = [this.at(last), this.savedAt(last)];
    this.#sink(row, entry, saved);
    // The last entry may belong above the one that went, where that was in another branch.
    if (this.positionAt(row) === entry.position) this.#rise(row, entry, saved);
  }

  override filter(keep: (row: number) => boolean): void {
    super.filter(keep);
    for (let row = (this.size >> 1) - 1; row >= 0; row--) this.#sink(row, this.at(row), this.savedAt(row));
  }

  #sink(from: number, entry: TimerEntry, saved: SavedState): void {
    let row = from;
    for (;;) {
      let child = row * 2 + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.#isAfter(child, this.dueAt(child + 1), this.positionAt(child + 1))) child++;
      if (this.#isAfter(child, entry.dueAtMs, entry.position)) break;
      this.move(child, row);
      row = child;
    }
    this.set(row, entry, saved);
  }

  #rise(from: number, entry: TimerEntry, saved: SavedState): void {
    let row = from;
    while (row > 0 && this.#isAfter((row - 1) >> 1, entry.dueAtMs, entry.position)) {
      this.move((row - 1) >> 1, row);
      row = (row - 1) >> 1;
    }
    this.set(row, entry, saved);
  }

  #isAfter(row: number, dueAtMs: number, position: LogPosition): boolean {
    const due = this.dueAt(row);
    return due > dueAtMs || (due === dueAtMs && this.positionAt(row) > position);
  }
}
