import type { Clock, Timer } from '../model/clock.ts';
import { BrokerError, isBrokerError } from '../model/errors.ts';
import type { BrokerState } from '../model/events.ts';
import type { Logger } from '../model/logger.ts';
import type { Directory } from '../model/storage-provider.ts';
import type { Store } from '../storage/store.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

export interface HealerOptions {
  readonly store: () => Store;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onState: (state: BrokerState) => void;
  /** The stores serve again. */
  readonly onHealed: () => void;
}

/**
 * A rejected write of either store means that its outcome is unknown and that the handle can no longer be trusted: the broker stops writing,
 * opens both stores again, and lets what is on disk decide. Until that succeeds everything is refused with the reason.
 */
export class Healer {
  readonly #options: HealerOptions;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #delayMs = FIRST_RETRY_MS;
  #stopped = false;
  /** A write that failed while the stores were being opened again: what was opened has failed too. */
  #missed: Error | undefined;
  /** Why the broker does not serve; `undefined` while it does. */
  failure: BrokerError | undefined;
  heals = 0;

  constructor(options: HealerOptions) {
    this.#options = options;
  }

  /** A write or a barrier was rejected. */
  failed(error: Error): void {
    if (this.#stopped) return;
    if (this.#running !== undefined) {
      this.#missed = error;
      return;
    }
    this.#options.logger.error({ err: error }, 'a write to the store was rejected; the stores are opened again');
    this.#options.onState('failed');
    this.#start(error);
  }

  /** Resolves when no attempt runs; none starts afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #start(cause: Error): void {
    // An attempt that was to come later comes now: two at a time would open the stores under each other.
    this.#timer?.cancel();
    this.#missed = undefined;
    this.#running = this.#heal(cause).finally(() => {
      this.#running = undefined;
      const missed = this.#missed;
      if (missed !== undefined && this.failure === undefined) this.failed(missed);
    });
  }

  async #heal(cause: Error): Promise<void> {
    const { store, directory, logger, onState, onHealed } = this.#options;
    onState('healing');
    try {
      if (isBrokerError(cause) && cause.code === 'MQ_DISK_FULL') await directory.releaseBallast();
      await store().heal();
    } catch (error) {
      this.failure = asFailure(error);
      logger.error({ err: this.failure }, 'the stores could not be opened again; it is tried again');
      store().log.refuseWaiting(this.failure);
      onState('failed');
      this.#tryLater();
      return;
    }
    this.failure = undefined;
    this.#delayMs = FIRST_RETRY_MS;
    this.heals++;
    onState('open');
    onHealed();
  }

  #tryLater(): void {
    if (this.#stopped) return;
    const reason = this.failure as BrokerError;
    this.#timer = this.#options.clock.setTimer(this.#delayMs, () => {
      this.#start(reason);
    });
    this.#delayMs = Math.min(LONGEST_RETRY_MS, this.#delayMs * 2);
  }
}

function asFailure(error: unknown): BrokerError {
  if (isBrokerError(error)) return error;
  return new BrokerError('MQ_STORE_WRITE_FAILED', 'The stores could not be opened again', { cause: error });
}
