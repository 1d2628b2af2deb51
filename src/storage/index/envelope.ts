import { BrokerError } from '../../model/errors.ts';
import { ByteReader, corrupt } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import type { Checksum } from '../checksum.ts';
import type { LogPosition } from '../log-position.ts';

/*
 * Every value of the index:
 *
 *   0  u32  CRC-32 of the key and of everything behind this field
 *   4  u8   format (1)
 *   5  u64  log position that the value includes
 *  13       content
 */
const INDEX_FORMAT = 1;
const CONTENT_AT = 13;

/** Writes and opens the values of the index. */
export class Envelope {
  /** Told of every damaged value, besides whoever wanted to read it. */
  onCorrupt: ((error: BrokerError) => void) | undefined;
  readonly #checksum: Checksum;
  readonly #writer = new ByteWriter(4096);

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  seal(key: Uint8Array, includes: LogPosition, content: (writer: ByteWriter) => void): Uint8Array {
    const writer = this.#writer;
    writer.clear();
    writer.u32(0);
    writer.u8(INDEX_FORMAT);
    writer.u64(includes);
    content(writer);
    const value = writer.copy();
    new DataView(value.buffer).setUint32(0, this.#sum(key, value.subarray(4)), true);
    return value;
  }

  /** @throws BrokerError `MQ_STORE_CORRUPT` when key and value do not belong together or a bit has changed. */
  open(key: Uint8Array, value: Uint8Array): { includes: LogPosition; reader: ByteReader } {
    if (value.length < CONTENT_AT) throw this.damaged(`an index value of ${value.length} bytes`);
    const reader = new ByteReader(value);
    if (reader.u32() !== this.#sum(key, value.subarray(4))) throw this.damaged(`an index value of kind ${key[0]} fails its checksum`);
    const format = reader.u8();
    if (format > INDEX_FORMAT)
      throw new BrokerError('MQ_STORE_FORMAT_UNSUPPORTED', `The index has format ${format}; this version reads up to ${INDEX_FORMAT}`);
    return { includes: reader.u64(), reader };
  }

  /** The error of a value that is damaged, or missing where it must be. */
  damaged(what: string): BrokerError {
    const error = corrupt(what);
    this.onCorrupt?.(error);
    return error;
  }

  #sum(key: Uint8Array, rest: Uint8Array): number {
    const bytes = new Uint8Array(key.length + rest.length);
    bytes.set(key);
    bytes.set(rest, key.length);
    return this.#checksum(bytes);
  }
}
