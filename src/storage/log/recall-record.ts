import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { TimerKind } from '../index/delays.ts';
import type { LogPosition } from '../log-position.ts';
import type { GroupHash } from '../message-group-hash.ts';

/*
 * Content of a recall record: u8 kind of the timer (1 instant, 2 delay), u64 dueAtMs, u64 log position of the message, u32 topic id,
 * u32 u32 hash of the message's dedup key (high, low), 0 0 where it has none.
 */

/** A delay message that was taken back. */
export interface Recall {
  readonly kind: TimerKind;
  readonly dueAtMs: number;
  readonly position: LogPosition;
  readonly topicId: number;
  readonly dedupHash: GroupHash;
}

export function writeRecall(writer: ByteWriter, { kind, dueAtMs, position, topicId, dedupHash }: Recall): void {
  writer.u8(kind === 'instant' ? 1 : 2);
  writer.u64(dueAtMs);
  writer.u64(position);
  writer.u32(topicId);
  writer.u32(dedupHash.high);
  writer.u32(dedupHash.low);
}

export function readRecall(reader: ByteReader): Recall {
  return {
    kind: readKind(reader),
    dueAtMs: reader.u64(),
    position: reader.u64(),
    topicId: reader.u32(),
    dedupHash: { high: reader.u32(), low: reader.u32() },
  };
}

function readKind(reader: ByteReader): TimerKind {
  const code = reader.u8();
  if (code !== 1 && code !== 2) throw corrupt(`a recall of a timer of the unknown kind ${code}`);
  return code === 1 ? 'instant' : 'delay';
}
