import type { ModelTime } from './model-time.ts';

/**
 * How old something is, as the broker may tell it: by the monotonic clock while it is open, and by the wall clock at an opening, which may have
 * been set forward or back meanwhile.
 */
export class ModelAge {
  readonly #time: ModelTime;
  /** By the monotonic clock: not before the first instant it was born, not after the second. */
  readonly #bornFromMs: number;
  #bornToMs: number;
  #olderByMs = 0;
  #forwardBeforeMs: number;

  /** Born since the last check. */
  constructor(time: ModelTime) {
    this.#time = time;
    this.#bornFromMs = time.checkedMs;
    this.#bornToMs = time.monotonicMs;
    this.#forwardBeforeMs = time.forwardMs;
  }

  /** At least so old was it at the last check. */
  get youngestBeforeMs(): number {
    return this.#time.checkedMs - this.#bornToMs;
  }

  get youngestMs(): number {
    return this.#time.monotonicMs - this.#bornToMs;
  }

  get oldestMs(): number {
    return this.#time.monotonicMs - this.#bornFromMs + this.#olderByMs;
  }

  /** It may have been born once more. */
  mayBeginAnew(): void {
    this.#bornToMs = this.#time.monotonicMs;
  }

  /** An opening believes the wall clock. */
  processEnded(): void {
    this.#olderByMs += this.#time.forwardMs - this.#forwardBeforeMs;
    this.#forwardBeforeMs = this.#time.forwardMs;
    if (this.#time.hasSteppedBack) this.mayBeginAnew();
  }
}
