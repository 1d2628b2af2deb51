import type { Clock, Timer } from '../model/clock.ts';
import type { ProcessPort } from '../model/process-port.ts';

/** How long after its window a dedup key takes up memory at most. */
const SWEEP_MS = 300_000;

export interface DedupSweeperOptions {
  readonly clock: Clock;
  readonly process: ProcessPort;
  /** Gives back what expired keys take, a part of them at each step. */
  readonly sweep: () => Iterable<unknown>;
  /** Keys that are left. */
  readonly size: () => number;
}

/** Gives memory of dedup keys back whose windows are over. No timer runs while there are no keys. */
export class DedupSweeper {
  readonly #options: DedupSweeperOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: DedupSweeperOptions) {
    this.#options = options;
  }

  /** A key was stored. */
  stored(): void {
    if (this.#timer === undefined && !this.#stopped) this.#sleep();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sleep(): void {
    this.#timer = this.#options.clock.setTimer(SWEEP_MS, () => void this.#run());
  }

  async #run(): Promise<void> {
    const { process, sweep, size } = this.#options;
    for (const _step of sweep()) {
      await new Promise<void>((resolve) => process.defer(resolve));
      if (this.#stopped) return;
    }
    this.#timer = undefined;
    if (size() > 0) this.stored();
  }
}
