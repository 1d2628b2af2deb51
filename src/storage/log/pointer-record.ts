import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { blockSequenceOf, type LogPosition, recordNumberOf } from '../log-position.ts';
import type { Block } from './block.ts';
import type { CommitLog } from './commit-log.ts';
import { MessageInBlock, type StoredMessage } from './message-record.ts';
import { RECORD } from './record-kinds.ts';

/*
 * Content of a pointer record, which makes a message visible that waited; the body is never written again:
 *
 *   0  u32 topic id, u16 queue id, u64 queue offset
 *  14  u64 log position of the message
 *  22  i32 tag hash, u32 u32 message group hash (high, low)
 *  34  u8 what it waited for (1 an instant, 2 the end of a delay, 3 its transaction), u64 the instant (0 for a transaction)
 */
const ORIGINS = [undefined, 'instant', 'delay', 'transaction'] as const;
const TARGET_AT = 14;
export const POINTER_BYTES = 43;

/** What a message waited for: an instant of the wall clock, the end of a delay, or the commit of its transaction. */
export type PointerOrigin = 'instant' | 'delay' | 'transaction';

/** A message that waited and is visible now. */
export interface Pointer {
  readonly topicId: number;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly target: LogPosition;
  readonly tagHash: number;
  readonly groupHigh: number;
  readonly groupLow: number;
  readonly origin: PointerOrigin;
  /** When it was due; together with `target` the key of its timer. 0 for a transaction. */
  readonly dueAtMs: number;
}

/** Writes the content and answers where its queue offset must be filled in, which happens when the block's write starts. */
export function writePointer(writer: ByteWriter, pointer: Omit<Pointer, 'queueOffset'>): number {
  writer.u32(pointer.topicId);
  writer.u16(pointer.queueId);
  const offsetAt = writer.used;
  writer.u64(0);
  writer.u64(pointer.target);
  writer.i32(pointer.tagHash);
  writer.u32(pointer.groupHigh);
  writer.u32(pointer.groupLow);
  writer.u8(ORIGINS.indexOf(pointer.origin));
  writer.u64(pointer.dueAtMs);
  return offsetAt;
}

export function readPointer(reader: ByteReader): Pointer {
  return {
    topicId: reader.u32(),
    queueId: reader.u16(),
    queueOffset: reader.u64(),
    target: reader.u64(),
    tagHash: reader.i32(),
    groupHigh: reader.u32(),
    groupLow: reader.u32(),
    origin: readOrigin(reader),
    dueAtMs: reader.u64(),
  };
}

function readOrigin(reader: ByteReader): PointerOrigin {
  const code = reader.u8();
  const origin = ORIGINS[code];
  if (origin === undefined) throw corrupt(`a pointer of the unknown origin ${code}`);
  return origin;
}

/** Where the message of a consume queue's entry lies, when the entry names a pointer to it. */
export function targetOf(block: Block, number: number): LogPosition | undefined {
  if (block.kindOf(number) !== RECORD.pointer) return undefined;
  const reader = block.readerAt(block.record(number));
  reader.at += TARGET_AT;
  return reader.u64();
}

/**
 * The message that a consume queue's entry names, from the block of the entry and, where that is a pointer, the block of its target. Its body lies in
 * there still.
 */
export function readVisible<B extends Block>(position: LogPosition, blockOf: (sequence: number) => B): MessageInBlock {
  const block = blockOf(blockSequenceOf(position));
  const number = recordNumberOf(position);
  if (block.kindOf(number) !== RECORD.pointer) return new MessageInBlock(block, number);
  const { target, queueId, queueOffset } = readPointer(block.readerAt(block.record(number)));
  const place = { queueId, queueOffset, storedAtMs: block.storedAtMs };
  return new MessageInBlock(blockOf(blockSequenceOf(target)), recordNumberOf(target), place);
}

/** The same, read from the log where it is not in memory. @throws BrokerError `MQ_STORE_CORRUPT` */
export async function readVisibleFrom(log: CommitLog, position: LogPosition): Promise<StoredMessage> {
  const blocks = new Map<number, Block>();
  const block = await log.read(blockSequenceOf(position));
  blocks.set(block.sequence, block);
  const target = targetOf(block, recordNumberOf(position));
  if (target !== undefined) blocks.set(blockSequenceOf(target), await log.read(blockSequenceOf(target)));
  return readVisible(position, (sequence) => blocks.get(sequence) as Block).take();
}
