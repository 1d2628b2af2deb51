import type { Timer } from '../../model/clock.ts';
import { BrokerError } from '../../model/errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';

/** An async send waits once the oldest byte that no barrier covers is this old. */
const MAX_BARRIER_LAG_MS = 1000;

/** How a send meets a full write queue. */
export interface GateOptions {
  readonly onFull: 'wait' | 'reject';
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Waiter {
  readonly bytes: number;
  admit(): void;
  refuse(error: Error): void;
}

/**
 * Lets sends in while there is room: bytes that wait to be written are bounded, and so is what a power cut could take.
 * Whoever waits is let in first come, first served.
 */
export class SendGate {
  readonly #context: DeliveryContext;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>();
  /** Bytes of those who were let in during this turn and have not joined the log yet. */
  #enteringBytes = 0;
  #isTurnEndAwaited = false;
  /** Why no send will ever be let in again. */
  #ended: Error | undefined;
  /** Why no send is let in at the moment: the disk is nearly full. */
  refusal: (() => BrokerError) | undefined;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** True when a send of that many bytes may join at once. */
  isOpen(bytes: number): boolean {
    return this.refusal === undefined && this.#waiting.size === 0 && this.#hasRoom(bytes);
  }

  /** Resolves when there is room. */
  enter(bytes: number, options: GateOptions): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.refusal !== undefined) return Promise.reject(this.refusal());
    if (this.isOpen(bytes)) return Promise.resolve();
    if (options.onFull === 'reject') return Promise.reject(full(this.#context));
    return new Promise((resolve, reject) => this.#queue(bytes, options, { resolve, reject }));
  }

  /** Bytes were written: those who wait may go on. */
  released(): void {
    for (const waiter of this.#waiting) {
      if (!this.#hasRoom(waiter.bytes)) return;
      this.#enteringBytes += waiter.bytes;
      this.#awaitTurnEnd();
      waiter.admit();
    }
  }

  /** Nobody is let in any more, also of those who were on their way to the gate. */
  refuseAll(error: Error): void {
    this.#ended = error;
    for (const waiter of [...this.#waiting]) waiter.refuse(error);
  }

  #hasRoom(bytes: number): boolean {
    const { log } = this.#context.store;
    const queuedBytes = log.queuedBytes + this.#enteringBytes;
    // A message that is larger than the whole queue goes alone.
    const fits = queuedBytes === 0 || queuedBytes + bytes <= this.#context.limits.maxQueuedBytes;
    return fits && (this.#context.storage === 'memory' || log.barriers.lagMs < MAX_BARRIER_LAG_MS);
  }

  /** By the end of the turn whoever was let in has joined the log, or has given up and made room. */
  #awaitTurnEnd(): void {
    if (this.#isTurnEndAwaited) return;
    this.#isTurnEndAwaited = true;
    this.#context.process.defer(() => {
      this.#isTurnEndAwaited = false;
      this.#enteringBytes = 0;
      this.released();
    });
  }

  #queue(bytes: number, options: GateOptions, settle: { resolve: () => void; reject: (error: Error) => void }): void {
    const { signal } = options;
    const release = this.#context.process.hold();
    const end = (finish: () => void) => {
      release();
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(waiter);
      finish();
    };
    const waiter: Waiter = {
      bytes,
      admit: () => end(settle.resolve),
      refuse: (error) => end(() => settle.reject(error)),
    };
    const onAbort = (): void => waiter.refuse(aborted(signal));
    const timer: Timer = this.#context.clock.setTimer(options.timeoutMs, () => waiter.refuse(timedOut(options.timeoutMs)));
    signal?.addEventListener('abort', onAbort);
    this.#waiting.add(waiter);
  }
}

export function aborted(signal: AbortSignal | undefined): BrokerError {
  return new BrokerError('MQ_ABORTED', 'The signal was aborted before anything was written', { cause: signal?.reason });
}

/** What is left of a call that ends at an instant; rounded up, so that calls which waited share their lists of deadlines. */
export function leftMs(endsAtMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((endsAtMs - nowMs) / 100)) * 100;
}

/** The error of a send that has not reached the write in its time. */
export function timedOut(timeoutMs: number): BrokerError {
  return new BrokerError('MQ_REQUEST_TIMEOUT', `The send did not get its turn within ${timeoutMs} ms; nothing was stored`);
}

function full(context: DeliveryContext): BrokerError {
  const { queuedBytes } = context.store.log;
  return new BrokerError('MQ_BACKPRESSURE', `${queuedBytes} bytes wait to be written; send fewer at a time, or use onFull: 'wait'`);
}
