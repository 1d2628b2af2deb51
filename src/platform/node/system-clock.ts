import type { Clock, Timer } from '../../model/clock.ts';

/** The longest delay that Node's timers take; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** The time of this machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs: number, fn: () => void): Timer => {
    const dueAt = performance.now() + delayMs;
    let timeout: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timeout = setTimeout(leftMs > LONGEST_DELAY_MS ? again : fn, Math.min(leftMs, LONGEST_DELAY_MS));
      timeout.unref();
    };
    const again = (): void => arm(dueAt - performance.now());
    arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
