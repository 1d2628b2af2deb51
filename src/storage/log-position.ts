import { invariant } from '../model/errors.ts';

/**
 * Where a record lies in the commit log: block sequence and record number in one safe integer, so that positions compare with `<`.
 * The first block has sequence 1, hence 0 is no position.
 */
export type LogPosition = number;

/** Records a block can hold at most; a record number takes 16 bits of a position. */
export const MAX_RECORDS_PER_BLOCK = 65_535;
const RECORD_BITS = 65_536;

/** No record lies there; in a consume queue it marks an offset whose message was lost with its block. */
export const NO_POSITION: LogPosition = 0;

export function logPosition(sequence: number, record: number): LogPosition {
  return sequence * RECORD_BITS + record;
}

export function blockSequenceOf(position: LogPosition): number {
  return Math.floor(position / RECORD_BITS);
}

export function recordNumberOf(position: LogPosition): number {
  return position % RECORD_BITS;
}

/** The position behind every record of a block. */
export function endOfBlock(sequence: number): LogPosition {
  invariant(sequence >= 0 && sequence < 2 ** 37, `block sequence ${sequence} is out of range`);
  return logPosition(sequence, MAX_RECORDS_PER_BLOCK);
}
