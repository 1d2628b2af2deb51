import type { Clock, Timer } from '../../model/clock.ts';
import { aborted, timedOut } from './send-gate.ts';

/** Waits for something before a write, but no longer than the call may, and not after it was aborted. */
export async function withinLimits<T>(
  clock: Clock,
  work: Promise<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<T> {
  let timer: Timer | undefined;
  let onAbort: () => void = () => undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = clock.setTimer(timeoutMs, () => reject(timedOut(timeoutMs)));
    onAbort = () => reject(aborted(signal));
    signal?.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer?.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
