import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Store } from '../storage/store.ts';

/** Log bytes after which the index is brought up to date: the next open has to read no more than about these. */
const CHECKPOINT_BYTES = 48 * 1024 * 1024;
/** Commits after which it is: small blocks cost more to replay than their bytes tell. */
const CHECKPOINT_COMMITS = 200_000;
/** A quiet broker writes what is left after this while, once. */
const QUIET_MS = 5000;

/** Decides when a checkpoint runs: after so much log, or when it has become quiet. No timer runs while there is nothing to write. */
export class Checkpointer {
  readonly #store: () => Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #bytes = 0;
  #commits = 0;
  #running = false;
  /** The last one failed: what it left in memory is no reason to try again at once. */
  #failed = false;
  #stopped = false;
  #timer: Timer | undefined;

  constructor(store: () => Store, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** A group was committed. */
  committed(bytes: number): void {
    this.#bytes += bytes;
    this.#commits++;
    if (this.#stopped || this.#running) return;
    if (this.#isDue) void this.#run();
    else this.#timer ??= this.#clock.setTimer(QUIET_MS, () => void this.#run());
  }

  get #isDue(): boolean {
    if (this.#bytes >= CHECKPOINT_BYTES || this.#commits >= CHECKPOINT_COMMITS) return true;
    return !this.#failed && this.#store().holdsManyValues;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#bytes = 0;
    this.#commits = 0;
    this.#running = true;
    try {
      await this.#store().checkpoint();
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      if (!this.#stopped) this.#logger.warn({ err: error }, 'a checkpoint failed; it is tried again after the next commits');
    } finally {
      this.#running = false;
      if (this.#commits > 0 && !this.#stopped) this.#timer ??= this.#clock.setTimer(QUIET_MS, () => void this.#run());
    }
  }
}
