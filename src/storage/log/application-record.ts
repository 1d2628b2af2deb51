import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/*
 * A put: u16 length of the key, the key, and the value up to the end of the record. A delete: the key alone, in the same way.
 */

/** A change of one value of the application; absent: removed. */
export interface ApplicationChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export function writeApplicationChange(writer: ByteWriter, { key, value }: ApplicationChange): void {
  writer.u16(key.length);
  writer.raw(key);
  if (value !== undefined) writer.raw(value);
}

/** The key of a record, with bytes of its own; what is left is the value of a put. */
export function readApplicationKey(reader: ByteReader): Uint8Array {
  return reader.raw(reader.u16()).slice();
}
