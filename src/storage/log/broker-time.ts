import type { Clock } from '../../model/clock.ts';

/**
 * The time by which delays run: begins where the wall clock stands at the opening (never before what the store has seen), goes on with the
 * monotonic clock, and so knows no steps. An instant that outlasts the process is stored in it, and so that the next process does not begin before
 * it, no block is stamped with less.
 */
export class BrokerTime {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock, lastStoredAtMs: number) {
    this.#clock = clock;
    this.#offsetMs = Math.max(clock.now(), lastStoredAtMs) - clock.monotonic();
  }

  /** Integer milliseconds since the epoch, as far as the wall clock was right at the opening. */
  now(): number {
    return Math.floor(this.exactly());
  }

  /** The same with its fraction of a millisecond. */
  exactly(): number {
    return this.#clock.monotonic() + this.#offsetMs;
  }

  /** The first whole millisecond that is not before now: what is counted from it is never early. */
  next(): number {
    return Math.ceil(this.exactly());
  }
}
