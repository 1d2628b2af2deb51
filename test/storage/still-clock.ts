import type { Clock, Timer } from '../../src/model/clock.ts';

/** A clock that moves when a test says so and fires its timers at once, in their order. */
export class StillClock implements Clock {
  nowMs = 1_700_000_000_000;
  monotonicMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly fn: () => void }>();

  get timerCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.nowMs;
  }

  monotonic(): number {
    return this.monotonicMs;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const timer = { atMs: this.monotonicMs + delayMs, fn };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    const endMs = this.monotonicMs + ms;
    for (let next = this.#first(); next !== undefined && next.atMs <= endMs; next = this.#first()) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(this.monotonicMs, next.atMs));
      next.fn();
    }
    this.#moveTo(endMs);
  }

  #moveTo(monotonicMs: number): void {
    this.nowMs += monotonicMs - this.monotonicMs;
    this.monotonicMs = monotonicMs;
  }

  #first(): { readonly atMs: number; readonly fn: () => void } | undefined {
    let first: { readonly atMs: number; readonly fn: () => void } | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.atMs < first.atMs) first = timer;
    return first;
  }
}
