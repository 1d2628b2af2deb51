import type { ByteReader } from '../byte-reader.ts';
import type { BrokerIndex } from '../index/broker-index.ts';
import { RECORD } from '../log/record-kinds.ts';
import {
  type ProgressAddress,
  readChangeInvisible,
  readDeadLetters,
  readHandOut,
  readOffsets,
  readRetryWaits,
} from '../log/state-records.ts';
import { type LogPosition, NO_POSITION } from '../log-position.ts';

/**
 * Offsets of a record whose messages are gone. A power cut may take messages and leave what was recorded of them later; that must not touch the
 * messages to which the offsets are given again. A message that lies behind the record is such a later one.
 */
export async function lostOffsets(
  index: BrokerIndex,
  address: ProgressAddress,
  record: { readonly kind: number; readonly reader: ByteReader; readonly position: LogPosition },
): Promise<ReadonlySet<number>> {
  const lost = new Set<number>();
  if (!index.catalogue.topics.has(address.topicId)) return lost;
  const queue = await index.loadQueue(address.topicId, address.queueId);
  // Nobody is ever given a lost offset between others; that a group has passed it by stays true.
  const settles = record.kind === RECORD.ack || record.kind === RECORD.filtered || record.kind === RECORD.expired;
  for (const offset of offsetsOf(record.kind, record.reader)) {
    const position = offset < queue.end ? (await index.loadRun(queue, offset)).positionAt(offset) : undefined;
    const isLost = position === NO_POSITION ? !settles : position === undefined || position > record.position;
    if (isLost) lost.add(offset);
  }
  return lost;
}

/** The offsets that a record names; the reader stays where it is. */
function offsetsOf(kind: number, reader: ByteReader): number[] {
  const offsets: number[] = [];
  const add = (offset: number): unknown => offsets.push(offset);
  const addMany = (first: number, count: number): void => {
    for (let offset = first; offset < first + count; offset++) offsets.push(offset);
  };
  const start = reader.at;
  switch (kind) {
    case RECORD.handOut:
      readHandOut(reader, add);
      break;
    case RECORD.retryWait:
      readRetryWaits(reader, (wait) => add(wait.offset));
      break;
    case RECORD.changeInvisible:
      add(readChangeInvisible(reader).offset);
      break;
    case RECORD.deadLetter:
      readDeadLetters(reader, (mark) => add(mark.offset));
      break;
    case RECORD.redrive:
      reader.skip(1);
      readOffsets(reader, addMany);
      break;
    case RECORD.reset:
    case RECORD.position:
      break;
    default:
      readOffsets(reader, addMany);
  }
  reader.move(start, reader.end);
  return offsets;
}
