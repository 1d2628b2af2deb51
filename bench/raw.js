import { randomFillSync } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ClassicLevel } from 'classic-level';

/** What the log stores of a message beside its body: record header, ids, times and lengths. */
const RECORD_OVERHEAD_BYTES = 60;
/** What a consume queue stores of a message. */
const ENTRY_BYTES = 24;

const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * The least that any queue on LevelDB has to do: a log that keeps the messages of a commit in one packed value under a rising key, and an
 * index that is never ahead of it. It checks, remembers, checksums and promises nothing; the values are made once and only stamped.
 */
export class RawStores {
  #log;
  #index;
  #commits = 0;
  #records = Buffer.alloc(0);
  #entries = Buffer.alloc(0);

  /**
   * @param {ClassicLevel<Buffer, Buffer>} log
   * @param {ClassicLevel<Buffer, Buffer>} index
   */
  constructor(log, index) {
    this.#log = log;
    this.#index = index;
  }

  /**
   * @param {string} directory
   * @returns {Promise<RawStores>}
   */
  static async open(directory) {
    await mkdir(directory, { recursive: true });
    const encoding = /** @type {const} */ ({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
    /** @type {ClassicLevel<Buffer, Buffer>} */
    const log = new ClassicLevel(path.join(directory, 'log'), { ...encoding, compression: false, writeBufferSize: WRITE_BUFFER_BYTES });
    /** @type {ClassicLevel<Buffer, Buffer>} */
    const index = new ClassicLevel(path.join(directory, 'index'), encoding);
    await log.open();
    await index.open();
    return new RawStores(log, index);
  }

  /**
   * Stores `messages` messages at once.
   * @param {{ messages: number; bodyBytes: number; sync: boolean }} commit
   */
  async commit({ messages, bodyBytes, sync }) {
    const recordsBytes = messages * (bodyBytes + RECORD_OVERHEAD_BYTES);
    if (this.#records.length !== recordsBytes) {
      this.#records = randomFillSync(Buffer.allocUnsafe(recordsBytes));
      this.#entries = randomFillSync(Buffer.allocUnsafe(messages * ENTRY_BYTES));
    }
    const key = Buffer.allocUnsafe(8);
    key.writeUInt32BE(Math.floor(this.#commits / 0x1_0000_0000), 0);
    key.writeUInt32BE(this.#commits % 0x1_0000_0000, 4);
    this.#records.writeUInt32LE(this.#commits % 0x1_0000_0000, 0);
    this.#commits += 1;
    await this.#log.put(key, this.#records, { sync });
    await this.#index.put(key, this.#entries);
  }

  async close() {
    await this.#log.close();
    await this.#index.close();
  }
}
