import type { DeliveryContext } from '../delivery/delivery-context.ts';
import type { DeliveryResult } from '../delivery/receiving/delivery-of-picks.ts';
import type { Timer } from '../model/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { MessageView } from '../model/message.ts';

/** One call of `receive` or `poll`. */
interface ReceiveRequest {
  readonly awaitMs: number;
  readonly signal: AbortSignal | undefined;
  /** Chooses messages; answers how many, of which the result gets those that it wants. */
  take(result: DeliveryResult): number;
}

class PendingReceive {
  readonly request: ReceiveRequest;
  readonly #resolve: (views: MessageView[]) => void;
  readonly #reject: (error: Error) => void;
  /** Messages were chosen for it; it settles with what becomes of them. */
  taking = false;
  /** Its waiting time is over: it settles as soon as nothing is being read for it. */
  expired: boolean;
  settled = false;
  onSettled: () => void = () => undefined;

  constructor(request: ReceiveRequest, settle: { resolve: (views: MessageView[]) => void; reject: (error: Error) => void }) {
    this.request = request;
    this.expired = request.awaitMs === 0;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  resolve(views: MessageView[]): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled();
    this.#resolve(views);
  }

  reject(error: Error): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled();
    this.#reject(error);
  }
}

/** Calls of `receive` or `poll` that wait for a first message, first come, first served. Nothing polls: the group wakes them. */
export class PendingReceives {
  readonly #context: DeliveryContext;
  readonly #waiting = new Set<PendingReceive>();
  #member: { readonly isLoading: boolean } | undefined;
  #refused: Error | undefined;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** Whoever reads for the calls. */
  attach(member: { readonly isLoading: boolean }): void {
    this.#member = member;
  }

  receive(request: ReceiveRequest): Promise<MessageView[]> {
    const { signal } = request;
    if (signal?.aborted) return Promise.reject(aborted(signal));
    return new Promise((resolve, reject) => {
      const pending = new PendingReceive(request, { resolve, reject });
      this.#waiting.add(pending);
      this.#attempt(pending);
      if (pending.settled) return;
      this.#watch(pending);
    });
  }

  /** Something may be there. */
  retry(): void {
    for (const pending of this.#waiting) if (!pending.taking) this.#attempt(pending);
  }

  /** Nobody waits any longer. What is being handed out has been counted, and its receiver gets it. */
  refuse(error: Error): void {
    for (const pending of [...this.#waiting]) if (!pending.taking) pending.reject(error);
    this.#refused = error;
  }

  /** The time, the signal, and the process that must stay alive meanwhile. */
  #watch(pending: PendingReceive): void {
    const { signal, awaitMs } = pending.request;
    const release = this.#context.process.hold();
    const onAbort = (): void => {
      if (!pending.taking) pending.reject(aborted(signal));
    };
    signal?.addEventListener('abort', onAbort);
    const timer: Timer | undefined = awaitMs === 0 ? undefined : this.#context.clock.setTimer(awaitMs, () => this.#expire(pending));
    pending.onSettled = () => {
      this.#waiting.delete(pending);
      timer?.cancel();
      release();
      signal?.removeEventListener('abort', onAbort);
    };
  }

  #expire(pending: PendingReceive): void {
    pending.expired = true;
    if (!pending.taking && !this.#member?.isLoading) pending.resolve([]);
  }

  #attempt(pending: PendingReceive): void {
    const member = this.#member;
    if (member === undefined) return;
    pending.taking = true;
    const { signal } = pending.request;
    const taken = pending.request.take({
      views: (views) => {
        pending.taking = false;
        if (views.length > 0) pending.resolve(views);
        else if (this.#refused !== undefined) pending.reject(this.#refused);
        // An abort while messages were chosen has waited for what became of them.
        else if (signal?.aborted) pending.reject(aborted(signal));
        else this.#attempt(pending);
      },
      failed: (error) => pending.reject(error),
    });
    if (taken > 0) return;
    pending.taking = false;
    if (pending.expired && !member.isLoading) {
      this.#waiting.delete(pending);
      pending.resolve([]);
    }
  }
}

function aborted(signal: AbortSignal | undefined): BrokerError {
  return new BrokerError('MQ_ABORTED', 'The signal was aborted while the call waited; no message was taken', { cause: signal?.reason });
}
