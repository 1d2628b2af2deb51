import type { DeliveryContext } from '../delivery/delivery-context.ts';
import type { ResolvedSendOptions } from '../delivery/sending/send.ts';
import { aborted, leftMs, timedOut } from '../delivery/sending/send-gate.ts';
import type { Timer } from '../model/clock.ts';

/**
 * Sends what schemas answer later. The wait counts into the time of the call, ends when its signal aborts, and is a send under way for whoever
 * closes the producer.
 */
export async function sendWhenChecked<Checked, Sent>(
  context: DeliveryContext,
  checked: Promise<Checked>,
  options: ResolvedSendOptions,
  send: (checked: Checked, options: ResolvedSendOptions) => Promise<Sent>,
): Promise<Sent> {
  const { clock } = context;
  const { tracker, timeoutMs } = options;
  const endsAtMs = clock.monotonic() + timeoutMs;
  tracker.pending++;
  try {
    const answer = await inTime(context, checked, options);
    return await send(answer, { ...options, timeoutMs: Math.min(timeoutMs, leftMs(endsAtMs, clock.monotonic())) });
  } finally {
    if (--tracker.pending === 0) tracker.onIdle?.();
  }
}

/** Nothing has been written yet, so an abort or the end of the time lets the call go; what the schema answers afterwards is for nobody. */
async function inTime<Checked>(context: DeliveryContext, checked: Promise<Checked>, options: ResolvedSendOptions): Promise<Checked> {
  const { signal, timeoutMs } = options;
  const release = context.process.hold();
  let timer: Timer | undefined;
  let onAbort: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted(signal));
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort);
    timer = context.clock.setTimer(timeoutMs, () => reject(timedOut(timeoutMs)));
  });
  try {
    return await Promise.race([givenUp, checked]);
  } finally {
    timer?.cancel();
    signal?.removeEventListener('abort', onAbort);
    release();
  }
}
