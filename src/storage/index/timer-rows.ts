import type { LogPosition } from '../log-position.ts';

/** A message that waits, as the timer index has it: when it is due, where it lies in the log, and what its place in a queue will need. */
export interface TimerEntry {
  readonly dueAtMs: number;
  readonly position: LogPosition;
  readonly topicId: number;
  readonly queueId: number;
  readonly tagHash: number;
  readonly groupHigh: number;
  readonly groupLow: number;
}

/** Whether the index has an entry. `unknown`: a write of it was rejected, or a replay found it behind the checkpoint. */
export const SAVED = { no: 0, yes: 1, captured: 2, unknown: 3 } as const;
export type SavedState = (typeof SAVED)[keyof typeof SAVED];

const FIRST_CAPACITY = 64;

/** Timers in the order in which they were put, packed in columns: a waiting message costs 35 bytes and no object. */
export class TimerRows {
  size = 0;
  #due = new Float64Array(FIRST_CAPACITY);
  #position = new Float64Array(FIRST_CAPACITY);
  #topic = new Uint32Array(FIRST_CAPACITY);
  #queue = new Uint16Array(FIRST_CAPACITY);
  #tag = new Int32Array(FIRST_CAPACITY);
  #high = new Uint32Array(FIRST_CAPACITY);
  #low = new Uint32Array(FIRST_CAPACITY);
  #saved = new Uint8Array(FIRST_CAPACITY);

  positionAt(row: number): LogPosition {
    return this.#position[row] as number;
  }

  dueAt(row: number): number {
    return this.#due[row] as number;
  }

  savedAt(row: number): SavedState {
    return this.#saved[row] as SavedState;
  }

  setSaved(row: number, saved: SavedState): void {
    this.#saved[row] = saved;
  }

  at(row: number): TimerEntry {
    return {
      dueAtMs: this.#due[row] as number,
      position: this.#position[row] as number,
      topicId: this.#topic[row] as number,
      queueId: this.#queue[row] as number,
      tagHash: this.#tag[row] as number,
      groupHigh: this.#high[row] as number,
      groupLow: this.#low[row] as number,
    };
  }

  /** The row of an entry, or -1; looks at every position, which takes about a millisecond for a million. */
  find(position: LogPosition): number {
    const row = this.#position.indexOf(position);
    return row < this.size ? row : -1;
  }

  /** Makes room for one more row behind the others, and answers which it is. */
  append(): number {
    if (this.size === this.#due.length) this.#resize(this.size * 2);
    return this.size++;
  }

  set(row: number, entry: TimerEntry, saved: SavedState): void {
    this.#due[row] = entry.dueAtMs;
    this.#position[row] = entry.position;
    this.#topic[row] = entry.topicId;
    this.#queue[row] = entry.queueId;
    this.#tag[row] = entry.tagHash;
    this.#high[row] = entry.groupHigh;
    this.#low[row] = entry.groupLow;
    this.#saved[row] = saved;
  }

  move(from: number, to: number): void {
    this.#take(this, from, to);
  }

  /** Appends a row of others. */
  copy(others: TimerRows, row: number): void {
    this.#take(others, row, this.append());
  }

  /** Keeps the rows that `keep` says, in their order. */
  filter(keep: (row: number) => boolean): void {
    let kept = 0;
    for (let row = 0; row < this.size; row++) {
      if (!keep(row)) continue;
      if (kept !== row) this.move(row, kept);
      kept++;
    }
    this.size = kept;
    if (this.#due.length > FIRST_CAPACITY && kept * 4 < this.#due.length) this.#resize(Math.max(FIRST_CAPACITY, kept * 2));
  }

  #take(others: TimerRows, from: number, to: number): void {
    this.#due[to] = others.#due[from] as number;
    this.#position[to] = others.#position[from] as number;
    this.#topic[to] = others.#topic[from] as number;
    this.#queue[to] = others.#queue[from] as number;
    this.#tag[to] = others.#tag[from] as number;
    this.#high[to] = others.#high[from] as number;
    this.#low[to] = others.#low[from] as number;
    this.#saved[to] = others.#saved[from] as number;
  }

  #resize(capacity: number): void {
    this.#due = resized(this.#due, new Float64Array(capacity), this.size);
    this.#position = resized(this.#position, new Float64Array(capacity), this.size);
    this.#topic = resized(this.#topic, new Uint32Array(capacity), this.size);
    this.#queue = resized(this.#queue, new Uint16Array(capacity), this.size);
    this.#tag = resized(this.#tag, new Int32Array(capacity), this.size);
    this.#high = resized(this.#high, new Uint32Array(capacity), this.size);
    this.#low = resized(this.#low, new Uint32Array(capacity), this.size);
    this.#saved = resized(this.#saved, new Uint8Array(capacity), this.size);
  }
}

function resized<T extends Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array>(from: T, to: T, count: number): T {
  to.set(from.subarray(0, count) as never);
  return to;
}
