/**
 * A timer that has been set and can be taken back.
 * @public
 * @since 0.1.0
 */
export interface Timer {
  /** It will not fire; harmless when it has. */
  cancel(): void;
}

/**
 * Where the engine takes its time from. Durations run on `monotonic`, instants that outlast the process on `now`.
 * @public
 * @since 0.1.0
 */
export interface Clock {
  /** Wall clock, integer milliseconds since the epoch; may step back. */
  now(): number;
  /** Milliseconds that never go back; only differences mean something. */
  monotonic(): number;
  /** Calls `fn` once after `delayMs` (any length, also beyond 2^31 ms). A pending timer does not keep the process alive. */
  setTimer(delayMs: number, fn: () => void): Timer;
}
