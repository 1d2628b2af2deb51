import type { Clock } from '../../index.ts';

/** What the model knows of the clocks beyond what they read now. */
export class ModelTime {
  readonly #clock: Clock;
  /** When the last check was, by the monotonic clock. */
  checkedMs: number;
  /** How far the wall clock was set forward, all in all. */
  forwardMs = 0;
  /** How far it had been when the present life of the broker began. */
  forwardBeforeLifeMs = 0;
  hasSteppedBack = false;
  /** How often the wall clock was stepped. */
  stepCount = 0;
  lifeBeganMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.checkedMs = clock.monotonic();
    this.lifeBeganMs = clock.monotonic();
  }

  get wallMs(): number {
    return this.#clock.now();
  }

  get monotonicMs(): number {
    return this.#clock.monotonic();
  }

  checked(): void {
    this.checkedMs = this.monotonicMs;
  }

  /** The wall clock is about to be stepped. */
  steps(byMs: number): void {
    this.forwardMs += Math.max(0, byMs);
    this.hasSteppedBack ||= byMs < 0;
    this.stepCount++;
  }

  /** The broker ends, and is opened at this instant. */
  lifeEnded(): void {
    this.forwardBeforeLifeMs = this.forwardMs;
    this.lifeBeganMs = this.monotonicMs;
  }
}
