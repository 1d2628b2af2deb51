import type { Clock, Timer } from '../model/clock.ts';
import type { ListenerCall } from './listener-call.ts';

/**
 * Listener calls under way, and the time that each of them may take. The lease of its message ends such a call too, but not every call has it to its
 * end: a reset revokes it, the topic may be deleted, and a message that was acknowledged meanwhile has none.
 */
export class RunningCalls {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onTimeOut: (call: ListenerCall) => void;
  /** When each began, by the monotonic clock: the oldest first. */
  readonly #calls = new Map<ListenerCall, number>();
  /** Looks at the oldest call. Left alone when that ends before its time, so that a call costs no timer. */
  #timer: Timer | undefined;

  /** `onTimeOut` is called once for each call that takes longer, and is to end it. */
  constructor(clock: Clock, timeoutMs: number, onTimeOut: (call: ListenerCall) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onTimeOut = onTimeOut;
  }

  add(call: ListenerCall): void {
    this.#calls.set(call, this.#clock.monotonic());
    this.#timer ??= this.#lookAfter(this.#timeoutMs);
  }

  /** False for a call that has had its end before. */
  delete(call: ListenerCall): boolean {
    return this.#calls.delete(call);
  }

  /** The call that works on a message. */
  of(held: object): ListenerCall | undefined {
    for (const call of this.#calls.keys()) if (call.held === held) return call;
    return undefined;
  }

  /** Cuts off those that are left. */
  abortAll(reason: Error): void {
    this.#timer?.cancel();
    for (const call of this.#calls.keys()) call.abort(reason);
    this.#calls.clear();
  }

  #lookAfter(delayMs: number): Timer {
    return this.#clock.setTimer(delayMs, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonic();
    for (const [call, beganAtMs] of this.#calls) {
      const leftMs = beganAtMs + this.#timeoutMs - nowMs;
      if (leftMs > 0) {
        this.#timer ??= this.#lookAfter(leftMs);
        return;
      }
      this.#onTimeOut(call);
    }
  }
}
