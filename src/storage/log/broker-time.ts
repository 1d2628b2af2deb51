import type { Clock } from '../../model/clock.ts';

/** A time that goes on from an instant with the monotonic clock, and so knows no steps while the broker is open. */
export class BrokerTime {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  readonly #startedAtMs: number;

  /** `startsAtMs` is what it reads now. */
  constructor(clock: Clock, startsAtMs: number) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonic();
    this.#offsetMs = startsAtMs - this.#startedAtMs;
  }

  /** Milliseconds since its beginning. */
  get passedMs(): number {
    return this.#clock.monotonic() - this.#startedAtMs;
  }

  /** Integer milliseconds since the epoch, as far as the beginning was right. */
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
