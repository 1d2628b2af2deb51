import type { TimerKind } from '../storage/index/delays.ts';

/** Whoever sleeps until the next timer. */
export interface TimerPort {
  /** A timer was added. */
  changed(kind: TimerKind, dueAtMs: number): void;
  /** What was taken waits again. */
  retry(): void;
}
