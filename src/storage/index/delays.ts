import type { KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import type { PointerOrigin } from '../log/pointer-record.ts';
import type { LogPosition } from '../log-position.ts';
import { clocksAfter, type DelayClocks, readClocks, resumedAtMs, writeClocks } from './delay-clocks.ts';
import type { Envelope } from './envelope.ts';
import { DELAY_CLOCKS_KEY, delayCountKey, numberIn, PREFIX, rangeOf } from './keys.ts';
import { SAVED, type TimerEntry } from './timer-rows.ts';
import { type TimerSnapshot, Timers } from './timers.ts';

/** By which clock a message waits: until an instant of the wall clock, or for a while. */
export type TimerKind = Exclude<PointerOrigin, 'transaction'>;

export const TIMER_KINDS: readonly TimerKind[] = ['instant', 'delay'];

interface DelayCount {
  count: number;
  /** Position of the newest record that is counted. */
  includes: LogPosition;
  /** The same, as the index had it when it was opened. */
  readonly loaded: LogPosition;
  isDirty: boolean;
}

/** All messages that wait for their time, and how many there are of each topic. */
export class Delays {
  readonly #timers: Readonly<Record<TimerKind, Timers>>;
  readonly #envelope: Envelope;
  readonly #counts = new Map<number, DelayCount>();
  #clocks: DelayClocks | undefined;
  #areClocksDirty = false;

  constructor(store: KeyValueStore, envelope: Envelope) {
    this.#envelope = envelope;
    this.#timers = { instant: new Timers(1, store, envelope), delay: new Timers(2, store, envelope) };
  }

  of(kind: TimerKind): Timers {
    return this.#timers[kind];
  }

  reopened(store: KeyValueStore): void {
    for (const kind of TIMER_KINDS) this.#timers[kind].reopened(store);
  }

  /** The counts and the clocks of a checkpoint; before anything is replayed over it. */
  async loadCounts(store: KeyValueStore): Promise<void> {
    for await (const slice of store.scan(rangeOf(PREFIX.delayCount))) {
      for (const [key, value] of slice) {
        const { includes, reader } = this.#envelope.open(key, value);
        this.#counts.set(numberIn(key, 1, 4), { count: reader.u64(), includes, loaded: includes, isDirty: false });
      }
    }
    const clocks = await store.get(DELAY_CLOCKS_KEY);
    if (clocks !== undefined) this.#clocks = readClocks(this.#envelope.open(DELAY_CLOCKS_KEY, clocks).reader);
    if (this.total === 0) for (const kind of TIMER_KINDS) this.#timers[kind].nothingStored();
  }

  countOf(topicId: number): number {
    return this.#counts.get(topicId)?.count ?? 0;
  }

  get total(): number {
    let total = 0;
    for (const { count } of this.#counts.values()) total += count;
    return total;
  }

  /** What the clock of delays reads at an opening; without a message that waits nothing ties it to what it was. */
  resumedAtMs(wallMs: number): number {
    return this.#clocks === undefined || this.total === 0 ? wallMs : resumedAtMs(this.#clocks, wallMs);
  }

  /** A message with a delay was sent, or one is replayed. */
  clocksStood(told: DelayClocks): void {
    this.#clocks = clocksAfter(this.#clocks, told);
    this.#areClocksDirty = true;
  }

  add(kind: TimerKind, entry: TimerEntry): void {
    this.#timers[kind].add(entry);
    this.#count(entry.topicId, 1, entry.position);
  }

  /** The entry that was taken has come due or was recalled, by the record at `at`. */
  settled(kind: TimerKind, entry: TimerEntry, at: LogPosition): void {
    this.#timers[kind].settle(entry.position);
    this.#count(entry.topicId, -1, at);
  }

  /** A checkpoint may include the record already, in the timers, the counts or both; that is why each of them is told apart. */
  replayAdd(kind: TimerKind, entry: TimerEntry): void {
    this.#timers[kind].add(entry, SAVED.unknown);
    if (!this.#isCounted(entry.topicId, entry.position)) this.#count(entry.topicId, 1, entry.position);
  }

  replayRemove(
    kind: TimerKind,
    timer: Pick<TimerEntry, 'dueAtMs' | 'position' | 'topicId'>,
    at: { position: LogPosition; isLost: boolean },
  ): void {
    const { topicId, position, dueAtMs } = timer;
    this.#timers[kind].removeReplayed(dueAtMs, position);
    // A message that is lost, and that no checkpoint has counted before, does not count now.
    const wasCounted = !at.isLost || position <= (this.#counts.get(topicId)?.loaded ?? 0);
    if (wasCounted && !this.#isCounted(topicId, at.position)) this.#count(topicId, -1, at.position);
  }

  afterReplay(): void {
    for (const kind of TIMER_KINDS) this.#timers[kind].afterReplay();
  }

  /** The topic was deleted: its timers come to nothing when they are due. */
  forgetTopic(topicId: number, at: LogPosition): void {
    this.#counts.set(topicId, { count: 0, includes: at, loaded: 0, isDirty: true });
  }

  /** Adds the writes of the counts, and takes what changed of the timers. */
  snapshot(operations: WriteOperation[]): TimerSnapshot {
    const written: DelayCount[] = [];
    for (const [topicId, count] of this.#counts) {
      if (!count.isDirty) continue;
      const key = delayCountKey(topicId);
      operations.push({ key, value: this.#envelope.seal(key, count.includes, (writer) => writer.u64(count.count)) });
      count.isDirty = false;
      written.push(count);
    }
    const clocks = this.#areClocksDirty ? this.#clocks : undefined;
    if (clocks !== undefined) {
      this.#areClocksDirty = false;
      operations.push({ key: DELAY_CLOCKS_KEY, value: this.#envelope.seal(DELAY_CLOCKS_KEY, 0, (writer) => writeClocks(writer, clocks)) });
    }
    const snapshots = TIMER_KINDS.map((kind) => this.#timers[kind].snapshot());
    return {
      writes: oneAfterTheOther(snapshots.map(({ writes }) => writes)),
      done: () => {
        for (const { done } of snapshots) done();
      },
      failed: () => {
        for (const count of written) count.isDirty = true;
        this.#areClocksDirty ||= clocks !== undefined;
        for (const { failed } of snapshots) failed();
      },
    };
  }

  #count(topicId: number, change: number, at: LogPosition): void {
    let count = this.#counts.get(topicId);
    if (count === undefined) {
      count = { count: 0, includes: 0, loaded: 0, isDirty: true };
      this.#counts.set(topicId, count);
    }
    count.count = Math.max(0, count.count + change);
    count.includes = Math.max(count.includes, at);
    count.isDirty = true;
  }

  #isCounted(topicId: number, at: LogPosition): boolean {
    return at <= (this.#counts.get(topicId)?.includes ?? 0);
  }
}

function* oneAfterTheOther<T>(lists: readonly Iterable<T>[]): Generator<T> {
  for (const list of lists) yield* list;
}
