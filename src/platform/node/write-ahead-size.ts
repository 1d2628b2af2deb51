import type { WriteOperation } from '../../model/key-value-port.ts';

/** LevelDB's log is cut into blocks of this size; a fragment never crosses one. */
const BLOCK_BYTES = 32_768;
/** Checksum, length and type before each fragment. */
const FRAGMENT_HEADER_BYTES = 7;
/** Sequence number and count before the changes of a batch. */
const BATCH_HEADER_BYTES = 12;

/** The bytes that a write has as one record of LevelDB's log, before it is cut into fragments. */
export function batchBytes(operations: readonly WriteOperation[]): number {
  let bytes = BATCH_HEADER_BYTES;
  for (const { key, value } of operations) {
    bytes += 1 + lengthBytes(key.length) + key.length;
    if (value !== undefined) bytes += lengthBytes(value.length) + value.length;
  }
  return bytes;
}

/** The size of a log file of `size` bytes once a record of `recordBytes` was appended to it. */
export function sizeAfterRecord(size: number, recordBytes: number): number {
  let end = size;
  let left = recordBytes;
  do {
    let room = BLOCK_BYTES - (end % BLOCK_BYTES);
    if (room < FRAGMENT_HEADER_BYTES) {
      // No header fits: the rest of the block is filled with zeros.
      end += room;
      room = BLOCK_BYTES;
    }
    const fragment = Math.min(left, room - FRAGMENT_HEADER_BYTES);
    end += FRAGMENT_HEADER_BYTES + fragment;
    left -= fragment;
  } while (left > 0);
  return end;
}

/** How many bytes LevelDB's variable-length integer takes. */
function lengthBytes(length: number): number {
  if (length < 128) return 1;
  if (length < 16_384) return 2;
  if (length < 2_097_152) return 3;
  return length < 268_435_456 ? 4 : 5;
}
