import { close, closeSync, fdatasync, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from './directory-sync.ts';
import { errnoOf } from './file-errors.ts';
import { sizeAfterRecord } from './write-ahead-size.ts';

/** A log file that may still hold what no table holds, and our own descriptor of it. */
interface LogFile {
  readonly number: number;
  readonly descriptor: number;
}

/** The two calls that make something durable; tests look on through them. */
export interface SyncCalls {
  data(descriptor: number): Promise<void>;
  directory(path: string): Promise<void>;
}

/**
 * Makes unsynced writes of one LevelDB durable: `fdatasync` of its `*.log` files through descriptors of our own.
 *
 * LevelDB starts a new log file when its write buffer is full and leaves the old one unsynced. To list the directory at every barrier
 * would cost more the more tables there are, so a new file is noticed by arithmetic: the size of the newest known file after each
 * write is known exactly, and when the file is smaller than that, then writes have gone elsewhere. Whenever the arithmetic has no firm
 * ground (writes that overlap, a clear) the directory is listed.
 */
export class WriteAheadBarrier {
  readonly #location: string;
  readonly #syncCalls: SyncCalls;
  /** Known log files that no barrier has seen complete yet, and the newest one. */
  readonly #files = new Map<number, LogFile>();
  /** Files that are complete (a newer one exists) and synced; nothing is ever appended to them again. */
  #settledUpTo = -1;
  #newest: LogFile | undefined;
  /** The size that the newest file has after every resolved write, were it still the one that is written to; undefined = not known. */
  #expectedSize: number | undefined;
  #writesInFlight = 0;
  #directoryDirty = true;
  #barriers: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(location: string, sync: SyncCalls = { data: syncData, directory: syncDirectory }) {
    this.#location = location;
    this.#syncCalls = sync;
  }

  /** Tells that a write begins. Call it before LevelDB hears of the write. */
  writeStarted(): void {
    if (this.#writesInFlight > 0) {
      // LevelDB may merge writes that overlap into one record, whose size we cannot know.
      this.#expectedSize = undefined;
    } else if (this.#expectedSize === undefined) {
      this.#measure();
    }
    this.#writesInFlight += 1;
  }

  /** Tells that a write of so many record bytes has resolved; undefined = a write of unknown size or outcome. */
  writeEnded(recordBytes: number | undefined): void {
    this.#writesInFlight -= 1;
    if (recordBytes === undefined) this.#expectedSize = undefined;
    else if (this.#expectedSize !== undefined) this.#expectedSize = sizeAfterRecord(this.#expectedSize, recordBytes);
  }

  /** Resolves when every write that had resolved before the call is durable. */
  async barrier(): Promise<void> {
    if (!this.#isNewestStillWritten()) this.#list();
    // Overlapping calls are not expected of the engine, but a descriptor must not be closed under one that still syncs it.
    const run = this.#barriers.then(() => this.#sync());
    this.#barriers = run.catch(() => undefined);
    return run;
  }

  async syncDirectory(): Promise<void> {
    await this.#syncCalls.directory(this.#location);
  }

  /** The predicted and the true size of the newest known file, for the tests of the prediction. */
  inspect(): { readonly expectedSize: number | undefined; readonly actualSize: number | undefined; readonly newest: number | undefined } {
    const newest = this.#newest;
    return {
      expectedSize: this.#expectedSize,
      actualSize: newest === undefined ? undefined : fstatSync(newest.descriptor).size,
      newest: newest?.number,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#barriers;
    for (const file of this.#files.values()) closeSync(file.descriptor);
    this.#files.clear();
    this.#newest = undefined;
  }

  /** Takes the newest file's true size, which is exact while nothing is being written. */
  #measure(): void {
    try {
      this.#list();
      if (this.#newest !== undefined) this.#expectedSize = fstatSync(this.#newest.descriptor).size;
    } catch {
      // The write itself needs none of this; the next barrier lists again and says what is wrong.
    }
  }

  #isNewestStillWritten(): boolean {
    if (this.#newest === undefined || this.#expectedSize === undefined) return false;
    const actual = fstatSync(this.#newest.descriptor).size;
    if (actual >= this.#expectedSize && (this.#writesInFlight > 0 || actual === this.#expectedSize)) return true;
    this.#expectedSize = undefined;
    return false;
  }

  async #sync(): Promise<void> {
    if (this.#closed) throw new Error('the barrier is closed');
    const newest = this.#newest;
    const files = [...this.#files.values()];
    const directoryDirty = this.#directoryDirty;
    this.#directoryDirty = false;
    try {
      if (files.length === 1 && !directoryDirty && newest !== undefined) {
        await this.#syncCalls.data(newest.descriptor);
        return;
      }
      for (const file of files) await this.#syncCalls.data(file.descriptor);
      if (directoryDirty) await this.#syncCalls.directory(this.#location);
    } catch (error) {
      this.#directoryDirty = true;
      throw error;
    }
    for (const file of files) {
      if (newest === undefined || file.number >= newest.number) continue;
      this.#files.delete(file.number);
      this.#settledUpTo = Math.max(this.#settledUpTo, file.number);
      // In a thread of the pool: the last descriptor of a deleted file frees its pages, which takes milliseconds.
      close(file.descriptor, () => undefined);
    }
  }

  /** Opens every log file that is not known yet. One that vanished meanwhile was written to a synced table first. */
  #list(): void {
    for (const name of readdirSync(this.#location)) {
      const number = logNumber(name);
      if (number === undefined || number <= this.#settledUpTo || this.#files.has(number)) continue;
      const descriptor = openIfThere(join(this.#location, name));
      if (descriptor === undefined) continue;
      const file: LogFile = { number, descriptor };
      this.#files.set(number, file);
      this.#directoryDirty = true;
      if (this.#newest === undefined || number > this.#newest.number) this.#newest = file;
    }
  }
}

function logNumber(name: string): number | undefined {
  const match = /^(\d+)\.log$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function syncData(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });
}
