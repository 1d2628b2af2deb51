import { randomFillSync } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { freeDiskBytes } from './disk-space.ts';
import { errnoOf } from './file-errors.ts';

const FILE_NAME = 'ballast';
const PIECE_BYTES = 1_048_576;
const LARGEST_BYTES = 16 * PIECE_BYTES;

/** Bytes of disk that are kept for bad times: on a full disk the file goes, and acknowledgements and retention have room to work. */
export class Ballast {
  readonly #folder: string;
  readonly #minFreeBytes: number;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(folder: string, minFreeDiskBytes: number) {
    this.#folder = folder;
    this.#minFreeBytes = minFreeDiskBytes;
  }

  get #path(): string {
    return join(this.#folder, FILE_NAME);
  }

  /** Reserves the bytes, unless they are reserved or the disk has no room to spare. Never rejects: a broker works without it too. */
  reserve(): Promise<void> {
    this.#work = this.#work.then(() => this.#write()).catch(() => rm(this.#path, { force: true }).catch(() => undefined));
    return this.#work;
  }

  async release(): Promise<void> {
    this.#stopped = true;
    await this.#work;
    this.#stopped = false;
    await rm(this.#path, { force: true });
  }

  /** Ends what is under way; a finished file stays for the next broker. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #write(): Promise<void> {
    const size = Math.min(Math.floor(this.#minFreeBytes / 4), LARGEST_BYTES);
    if (this.#stopped || size < PIECE_BYTES || (await this.#isReserved(size))) return;
    if ((await freeDiskBytes(this.#folder)) < this.#minFreeBytes + size) return;
    // Random bytes, because a file system may keep zeros without giving them a place.
    const piece = randomFillSync(new Uint8Array(PIECE_BYTES));
    const file = await open(this.#path, 'w');
    let written = 0;
    try {
      while (written < size && !this.#stopped) {
        await file.write(piece, 0, Math.min(PIECE_BYTES, size - written));
        written += PIECE_BYTES;
      }
    } finally {
      await file.close();
    }
    if (written < size) await rm(this.#path, { force: true });
  }

  async #isReserved(size: number): Promise<boolean> {
    try {
      return (await stat(this.#path)).size >= size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }
}
