import type { DurableStore } from '../../model/key-value-port.ts';
import type { ProcessPort } from '../../model/process-port.ts';
import type { BrokerIndex } from '../index/broker-index.ts';
import { type Checkpoint, CheckpointWriter } from '../index/checkpoint-writer.ts';

/** More than lies between two checkpoints of a living broker, so that a usual open writes none. */
const EVERY_BYTES = 64 * 1024 * 1024;

/**
 * Checkpoints in the middle of a replay, so that an index that is built from a large log is never in memory as a whole, and so that a process
 * that dies meanwhile does not begin again.
 */
export class ReplayCheckpoints {
  readonly #index: BrokerIndex;
  readonly #log: DurableStore;
  readonly #process: ProcessPort;
  readonly #storeTag: number;
  readonly #everyBytes: number;
  /** Log bytes since the last one. */
  #bytes = 0;

  constructor(
    index: BrokerIndex,
    log: DurableStore,
    options: { readonly process: ProcessPort; readonly storeTag: number; readonly everyBytes?: number | undefined },
  ) {
    this.#index = index;
    this.#log = log;
    this.#process = options.process;
    this.#storeTag = options.storeTag;
    this.#everyBytes = options.everyBytes ?? EVERY_BYTES;
  }

  passed(bytes: number): void {
    this.#bytes += bytes;
  }

  get isDue(): boolean {
    return this.#log.canBarrier && (this.#bytes >= this.#everyBytes || this.#index.holdsManyValues);
  }

  /** Between two blocks. What the process before has left in the log may not be durable yet: it is made so first. */
  async write(at: Omit<Checkpoint, 'storeTag'>): Promise<void> {
    this.#bytes = 0;
    this.#index.delays.afterReplay();
    const writer = new CheckpointWriter(this.#index, this.#process);
    await writer.capture(at.sequence);
    await this.#log.barrier();
    await this.#log.syncDirectory();
    // No clock is asked during a replay, so that nothing is thrown away for its age.
    await writer.write({ ...at, storeTag: this.#storeTag }, 0);
  }
}
