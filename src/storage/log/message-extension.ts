import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { GroupHash } from '../message-group-hash.ts';
import { readHexId, writeHexId } from './message-id-bytes.ts';

/*
 * Extension of a message record, behind its length as u32:
 *
 *   u8 fields, then for each that is there
 *      1  u64 deliverAtMs
 *      2  u64 delayMs
 *      4  u64 ttlMs
 *      8  u32 u32 hash (high, low) of the dedup key, short text
 *     16  17 bytes of transaction id
 */
const FIELD = { deliverAt: 1, delay: 2, ttl: 4, dedup: 8, transaction: 16 } as const;

/** The key that tells a message from others, and its hash (that of message groups). */
export interface DedupMark {
  readonly key: string;
  readonly hash: GroupHash;
}

/** What few messages have. */
export interface MessageExtension {
  /** When it is to be delivered, milliseconds since the epoch; absent in a message without a delivery time. */
  readonly deliverAtMs?: number | undefined;
  /** Present where the delivery time was a while from the send, which steps of the wall clock do not change. */
  readonly delayMs?: number | undefined;
  readonly ttlMs?: number | undefined;
  readonly dedup?: DedupMark | undefined;
  /** 34 hexadecimal digits, as in a message id. */
  readonly transactionId?: string | undefined;
}

export function writeExtension(writer: ByteWriter, extension: MessageExtension): void {
  const { deliverAtMs, delayMs, ttlMs, dedup, transactionId } = extension;
  const lengthAt = writer.used;
  writer.u32(0);
  writer.u8(fieldsOf(extension));
  if (deliverAtMs !== undefined) writer.u64(deliverAtMs);
  if (delayMs !== undefined) writer.u64(delayMs);
  if (ttlMs !== undefined) writer.u64(ttlMs);
  if (dedup !== undefined) {
    writer.u32(dedup.hash.high);
    writer.u32(dedup.hash.low);
    writer.shortText(dedup.key);
  }
  if (transactionId !== undefined) writeHexId(writer, transactionId);
  writer.setU32(lengthAt, writer.used - lengthAt - 4);
}

/** Fields that a later version added behind these are passed over. */
export function readExtension(reader: ByteReader): MessageExtension {
  const end = reader.at + 4 + reader.u32();
  const fields = reader.u8();
  const extension: MessageExtension = {
    deliverAtMs: fields & FIELD.deliverAt ? reader.u64() : undefined,
    delayMs: fields & FIELD.delay ? reader.u64() : undefined,
    ttlMs: fields & FIELD.ttl ? reader.u64() : undefined,
    dedup: fields & FIELD.dedup ? readDedup(reader) : undefined,
    transactionId: fields & FIELD.transaction ? readHexId(reader) : undefined,
  };
  reader.skip(end - reader.at);
  return extension;
}

function readDedup(reader: ByteReader): DedupMark {
  const hash = { high: reader.u32(), low: reader.u32() };
  return { hash, key: reader.shortText() };
}

function fieldsOf({ deliverAtMs, delayMs, ttlMs, dedup, transactionId }: MessageExtension): number {
  return (
    (deliverAtMs === undefined ? 0 : FIELD.deliverAt) |
    (delayMs === undefined ? 0 : FIELD.delay) |
    (ttlMs === undefined ? 0 : FIELD.ttl) |
    (dedup === undefined ? 0 : FIELD.dedup) |
    (transactionId === undefined ? 0 : FIELD.transaction)
  );
}
