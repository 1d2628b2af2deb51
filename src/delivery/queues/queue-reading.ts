import { isBrokerError } from '../../model/errors.ts';
import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { EntryRun } from '../../storage/index/entry-run.ts';
import { isCorruption } from '../../storage/store-errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupPort } from './group-port.ts';

/** What could not be read, for another reason than damage, is tried again after this while. */
export const READ_RETRY_MS = 1000;

/** What a queue of a group reads from the index: nothing is picked meanwhile, and nothing any more once the index is damaged there. */
export class QueueReading {
  readonly #context: DeliveryContext;
  readonly #group: GroupPort;
  readonly #queue: ConsumeQueue;
  /** The run that was read last. */
  #run: EntryRun | undefined;
  /** Reads under way. */
  pending = 0;
  /** The index failed here: nothing more is picked, else every attempt would fail again. */
  isUnreadable = false;
  /** Reads that are tried again after a while: nothing is picked until then, else whoever comes would have a try of his own. */
  #again = 0;

  constructor(context: DeliveryContext, group: GroupPort, queue: ConsumeQueue) {
    this.#context = context;
    this.#group = group;
    this.#queue = queue;
  }

  get isIdle(): boolean {
    return this.pending === 0 && this.#again === 0 && !this.isUnreadable;
  }

  /** The run that holds an offset when it is in memory; else it is loaded, and the group is woken afterwards. */
  runAt(offset: number): EntryRun | undefined {
    const current = this.#run;
    if (current !== undefined && offset >= current.first && offset < current.end) return current;
    const inMemory = this.#queue.runInMemory(offset);
    if (inMemory !== undefined) {
      this.#run = inMemory;
      return inMemory;
    }
    this.load(() => this.#loadRun(offset));
    return undefined;
  }

  /** The event loop has its turn before anything else is picked. */
  pause(): void {
    this.load(() => new Promise((resolve) => this.#context.process.defer(resolve)));
  }

  /** Reads the run that holds an offset, unless it is in memory. */
  async preload(offset: number): Promise<void> {
    if (offset < this.#queue.end && this.#queue.runInMemory(offset) === undefined) await this.#loadRun(offset);
  }

  async #loadRun(offset: number): Promise<void> {
    this.#run = await this.#context.store.index.loadRun(this.#queue, offset);
  }

  /** `again` is called after a while when the read failed for another reason than damage. */
  load(read: () => Promise<void>, again: () => void = () => this.#group.wake()): void {
    this.pending++;
    read().then(
      () => {
        this.pending--;
        this.#group.wake();
      },
      (error: unknown) => {
        this.pending--;
        this.#again++;
        this.failed(error, () => {
          this.#again--;
          again();
        });
      },
    );
  }

  /** A read has failed; a broker that is gone reads nothing again. */
  failed(error: unknown, again: () => void): void {
    if (this.#context.store.log.ended !== undefined) return;
    this.#group.reportUnreadable(isBrokerError(error) ? error : new Error('the index cannot be read', { cause: error }));
    if (isCorruption(error)) {
      this.isUnreadable = true;
      this.#context.store.distrustIndex(error);
    } else this.#context.clock.setTimer(READ_RETRY_MS, again);
    // Whoever does not wait has waited for this read, and no more.
    this.#group.wake();
  }
}
