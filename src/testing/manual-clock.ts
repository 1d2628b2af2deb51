import { setImmediate as afterThisTurn, setTimeout as later } from 'node:timers';
import type { Clock, Timer } from '../index.ts';
import { illegalArgument } from '../model/errors.ts';

/** Turns of the event loop without any activity after which work that a timer started counts as done. */
const QUIET_TURNS = 3;
/** Where a storage is watched, work shows itself sooner. */
const QUIET_WATCHED_TURNS = 2;
/** Turns after which work that is still under way is waited for without spinning: a disk takes its time. */
const BUSY_TURNS = 2_000;
/** Work that never ends, such as a listener that sends to its own topic, must not hold the clock for ever. */
const MOST_TURNS = 20_000;

/**
 * Something whose work a `ManualClock` waits for before it goes on, such as a storage with calls in flight.
 * @public
 * @since 0.1.0
 */
export interface ClockWatch {
  /** Work under way now; the clock waits while it is above 0. */
  readonly pending: number;
  /** Rises with every piece of work; while it rises, more may follow. */
  readonly activity: number;
}

/**
 * Options of a `ManualClock`.
 * @public
 * @since 0.1.0
 */
export interface ManualClockOptions {
  /** Where the wall clock begins, milliseconds since the epoch; default 2026-01-01T00:00:00Z. */
  readonly startAtMs?: number | undefined;
}

interface PendingTimer {
  readonly dueAtMs: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until a test moves it. `advance` moves both of its hands and fires what comes due on the way, in order, each timer
 * at its own instant; `set` steps the wall clock alone, as an administrator does.
 *
 * @example
 * ```ts
 * const clock = new ManualClock();
 * const broker = await openTestBroker({ clock });
 * await clock.advance(30_000);
 * ```
 * @public
 * @since 0.1.0
 */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  /** In the order in which they come due; those of one instant in the order in which they were set. */
  readonly #timers: PendingTimer[] = [];
  /** Timers that fire without an advance. */
  #dueNow = 0;
  readonly #watches = new Set<ClockWatch>();
  #lastAdvance: Promise<void> = Promise.resolve();

  constructor(options: ManualClockOptions = {}) {
    this.#wallMs = requireInstant('startAtMs', options.startAtMs ?? Date.UTC(2026, 0, 1));
  }

  /** The wall clock, milliseconds since the epoch. */
  now(): number {
    return Math.floor(this.#wallMs);
  }

  /** Milliseconds since the clock was made; never goes back. */
  monotonic(): number {
    return this.#monotonicMs;
  }

  /**
   * Calls `fn` when the clock has been advanced by `delayMs`, of any length. A timer of 0 or less is due now, so that it fires after the present
   * turn of the event loop without an advance.
   */
  setTimer(delayMs: number, fn: () => void): Timer {
    if (Number.isNaN(delayMs)) throw illegalArgument('A delay of NaN milliseconds never ends; give a number');
    const timer: PendingTimer = { dueAtMs: this.#monotonicMs + Math.max(0, delayMs), fn };
    this.#timers.splice(this.#placeOf(timer.dueAtMs), 0, timer);
    if (timer.dueAtMs === this.#monotonicMs) this.#fireAfterThisTurn(timer);
    return { cancel: () => this.#take(timer) };
  }

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer; `undefined` when there is none. */
  get nextTimerInMs(): number | undefined {
    const [first] = this.#timers;
    return first === undefined ? undefined : Math.max(0, first.dueAtMs - this.#monotonicMs);
  }

  /**
   * Moves both hands by `ms` and fires every timer due on the way, those that it leads to included. Between two timers it waits until the
   * work that the first one started is done. A second call waits for the first.
   *
   * @param ms - 0 or more milliseconds; 0 lets everything settle and fires what is due now
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`
   */
  advance(ms: number): Promise<void> {
    if (!(Number.isFinite(ms) && ms >= 0))
      throw illegalArgument(`advance takes a number of at least 0 milliseconds, not ${String(ms)}; set() steps back`);
    const advance = this.#lastAdvance.then(() => this.#advance(ms));
    this.#lastAdvance = advance.catch(() => {});
    return advance;
  }

  /**
   * Steps the wall clock, forward or back. Timers and everything else that runs on `monotonic` do not notice.
   *
   * @param atMs - milliseconds since the epoch
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`
   */
  set(atMs: number): void {
    this.#wallMs = requireInstant('set', atMs);
  }

  /**
   * Waits until the work that is under way is done, without moving the clock. Work shows itself by turns of the event loop and by what is
   * watched; what a listener awaits elsewhere (a file, a network) does not.
   */
  settle(): Promise<void> {
    const enough = this.#watches.size > 0 ? QUIET_WATCHED_TURNS : QUIET_TURNS;
    let before = this.#activity();
    let quiet = 0;
    let turns = 0;
    return new Promise((resolve) => {
      const turn = (): void => {
        turns += 1;
        const now = this.#activity();
        const isPending = this.#isPending();
        quiet = now === before && !isPending ? quiet + 1 : 0;
        before = now;
        if (quiet >= enough || turns >= MOST_TURNS) resolve();
        else if (isPending && turns >= BUSY_TURNS) later(turn, 1);
        else afterThisTurn(turn);
      };
      afterThisTurn(turn);
    });
  }

  /** Has the clock wait for the work of something; returns a function that ends it. `openTestBroker` does this for its storage. */
  watch(watch: ClockWatch): () => void {
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
    };
  }

  async #advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await this.settle();
    for (let next = this.#timers[0]; next !== undefined && next.dueAtMs <= endMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#moveTo(next.dueAtMs);
      next.fn();
      await this.settle();
    }
    this.#moveTo(endMs);
  }

  #fireAfterThisTurn(timer: PendingTimer): void {
    this.#dueNow += 1;
    afterThisTurn(() => {
      this.#dueNow -= 1;
      if (this.#take(timer)) timer.fn();
    });
  }

  /** True when the timer was still waiting. */
  #take(timer: PendingTimer): boolean {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
    return index >= 0;
  }

  #moveTo(monotonicMs: number): void {
    const passedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += passedMs;
    this.#wallMs += passedMs;
  }

  /** Behind all timers that are due at that instant or before. */
  #placeOf(dueAtMs: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.dueAtMs ?? 0) <= dueAtMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #activity(): number {
    let sum = 0;
    for (const watch of this.#watches) sum += watch.activity;
    return sum;
  }

  #isPending(): boolean {
    if (this.#dueNow > 0) return true;
    for (const watch of this.#watches) if (watch.pending > 0) return true;
    return false;
  }
}

function requireInstant(what: string, atMs: number): number {
  if (!Number.isSafeInteger(atMs) || atMs < 0)
    throw illegalArgument(`${what} takes integer milliseconds since the epoch, not ${String(atMs)}`);
  return atMs;
}
