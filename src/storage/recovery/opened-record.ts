import { ByteReader, corrupt } from '../byte-reader.ts';
import type { Block, BlockBuilder } from '../log/block.ts';
import { RECORD } from '../log/record-kinds.ts';

/** Blocks that are missing, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** The first record of every opening, as JSON. */
export interface OpenedRecord {
  readonly storeId: string;
  readonly atMs: number;
  /** The end before it was no `close()`: what was in flight may have killed the process. */
  readonly unclean: boolean;
  /** A failed store was opened again inside a living process, which keeps its leases. */
  readonly healed?: boolean;
  /** Gaps that a power cut left and that this opening accounted for. */
  readonly gaps: readonly Gap[];
}

export function writeOpened(builder: BlockBuilder, opened: OpenedRecord): void {
  builder.begin(RECORD.opened);
  builder.longText(JSON.stringify(opened));
  builder.end();
}

export function readOpened(block: Block, number: number): OpenedRecord {
  const { start, end } = block.record(number);
  const text = new ByteReader(block.bytes, start, end).longText();
  try {
    return JSON.parse(text) as OpenedRecord;
  } catch (cause) {
    throw corrupt(`the opened record of block ${block.sequence}`, cause);
  }
}
