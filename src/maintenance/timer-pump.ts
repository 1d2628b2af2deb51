import type { TimerPort } from '../delivery/timer-port.ts';
import type { DueMessages } from '../delivery/waiting/due-messages.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { TimerKind } from '../storage/index/delays.ts';

/** A suspended machine or a stepped clock is noticed at the latest after this while. */
const LONGEST_SLEEP_MS = 30_000;
/** What could not be read, or written, is tried again after this while. */
const RETRY_MS = 1000;

/** Sleeps until the next delay message is due, and makes it visible. No timer exists while nothing waits. */
export class TimerPump implements TimerPort {
  readonly #due: () => DueMessages;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  /** When the timer fires, by the monotonic clock. */
  #firesAtMs = Number.POSITIVE_INFINITY;
  #isRunning = false;
  /** Something was added while the pump ran. */
  #isStale = false;
  #stopped = false;

  constructor(due: () => DueMessages, clock: Clock, logger: Logger) {
    this.#due = due;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Looks at what an earlier process has left. */
  start(): void {
    this.#sleep(this.#due().nextInMs);
  }

  changed(kind: TimerKind, dueAtMs: number): void {
    if (this.#isRunning) this.#isStale = true;
    else this.#wakeIn(Math.max(0, dueAtMs - this.#due().nowOf(kind)));
  }

  retry(): void {
    if (!this.#isRunning) this.#wakeIn(RETRY_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    this.#isRunning = true;
    let retryMs: number | undefined;
    try {
      do {
        this.#isStale = false;
        await this.#due().deliverDue();
      } while (this.#isStale && this.#due().nextInMs === 0);
    } catch (error) {
      if (!this.#stopped) this.#logger.warn({ err: error }, 'delay messages could not be made visible; it is tried again');
      retryMs = RETRY_MS;
    } finally {
      this.#isRunning = false;
    }
    this.#sleep(retryMs ?? this.#due().nextInMs);
  }

  #sleep(delayMs: number | undefined): void {
    if (delayMs !== undefined) this.#wakeIn(delayMs);
  }

  #wakeIn(delayMs: number): void {
    if (this.#stopped) return;
    const sleepMs = Math.min(LONGEST_SLEEP_MS, delayMs);
    const atMs = this.#clock.monotonic() + sleepMs;
    if (atMs >= this.#firesAtMs) return;
    this.#timer?.cancel();
    this.#firesAtMs = atMs;
    this.#timer = this.#clock.setTimer(sleepMs, () => void this.#run());
  }
}
