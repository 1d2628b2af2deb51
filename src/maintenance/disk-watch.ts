import { BrokerError } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import type { Directory } from '../model/storage-provider.ts';

/** Free space is looked at again when this part of the floor has been written. */
const CHECKS_PER_FLOOR = 16;

/** Refuses sends while the disk is nearly full, so that what was accepted can still be acknowledged. */
export class DiskWatch {
  readonly #directory: Directory;
  readonly #floorBytes: number;
  readonly #logger: Logger;
  readonly #onChange: (refusal: (() => BrokerError) | undefined) => void;
  #sinceCheck = 0;
  #checking = false;
  #full = false;

  constructor(
    directory: Directory,
    options: { floorBytes: number; logger: Logger; onChange: (refusal: (() => BrokerError) | undefined) => void },
  ) {
    this.#directory = directory;
    this.#floorBytes = options.floorBytes;
    this.#logger = options.logger;
    this.#onChange = options.onChange;
  }

  /** Bytes were written. */
  wrote(bytes: number): void {
    this.#sinceCheck += bytes;
    if (this.#sinceCheck * CHECKS_PER_FLOOR >= this.#floorBytes) void this.check();
  }

  async check(): Promise<void> {
    if (this.#floorBytes === 0 || this.#checking) return;
    this.#checking = true;
    this.#sinceCheck = 0;
    try {
      const free = await this.#directory.freeBytes();
      this.#set(free < this.#floorBytes, free);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the free space of the disk cannot be read');
    } finally {
      this.#checking = false;
    }
  }

  #set(full: boolean, free: number): void {
    if (full === this.#full) return;
    this.#full = full;
    if (!full) {
      void this.#directory.restoreBallast();
      this.#onChange(undefined);
      return;
    }
    const text = `Only ${free} bytes of disk are free, less than limits.minFreeDiskBytes (${this.#floorBytes}); free some space`;
    this.#logger.error({ free, floor: this.#floorBytes }, 'the disk is nearly full; sends are refused until there is room');
    this.#onChange(() => {
      // Whoever is refused makes the next one find out whether there is room again.
      void this.check();
      return new BrokerError('MQ_DISK_FULL', text);
    });
  }
}
