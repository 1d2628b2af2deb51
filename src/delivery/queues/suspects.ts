import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';

/** With that many attempts left or fewer, one death is enough to be handed out alone. */
const FEW_ATTEMPTS = 2;

/**
 * Messages that were in flight when the process died may have killed it. They go out one at a time, so that one that does it again
 * dies alone and its innocent neighbours pass.
 */
export class Suspects {
  #inFlight: UnsettledMessage | undefined;
  #parked: (() => void)[] = [];

  isSuspect(message: UnsettledMessage, maxAttempts: number): boolean {
    return message.deaths >= 2 || (message.deaths === 1 && maxAttempts - message.attempt <= FEW_ATTEMPTS);
  }

  /** True when the message has to wait for another one; then `retry` is called once that is through. */
  holds(message: UnsettledMessage, retry: () => void): boolean {
    if (this.#inFlight === undefined || this.#inFlight === message) return false;
    this.#parked.push(retry);
    return true;
  }

  /** The message goes out, alone. */
  start(message: UnsettledMessage): void {
    this.#inFlight = message;
  }

  /** A delivery ended in whatever way, with the process alive. */
  ended(message: UnsettledMessage): void {
    if (this.#inFlight !== message) return;
    this.#inFlight = undefined;
    const parked = this.#parked;
    this.#parked = [];
    for (const retry of parked) retry();
  }
}
