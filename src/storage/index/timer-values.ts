import type { KeyValueEntry, WriteOperation } from '../../model/key-value-port.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { numberIn, timerKey } from './keys.ts';
import type { TimerEntry, TimerRows } from './timer-rows.ts';

/** Writes that are packed together: more would hold up whoever else wants the thread. */
const PART_WRITES = 1024;

/** What a checkpoint changes of the timers in the index. */
export interface TimerChanges {
  /** Their values leave the index: when they were due, by position. */
  readonly removed: ReadonlyMap<LogPosition, number>;
  readonly added: TimerRows;
}

/** The writes that remove timers and save others, a part of them at each step, packed when they are asked for. */
export function* timerWrites(kind: number, envelope: Envelope, changes: TimerChanges): Generator<WriteOperation[]> {
  let part: WriteOperation[] = [];
  for (const [position, dueAtMs] of changes.removed) {
    part.push({ key: timerKey(kind, dueAtMs, position), value: undefined });
    if (part.length < PART_WRITES) continue;
    yield part;
    part = [];
  }
  for (let row = 0; row < changes.added.size; row++) {
    part.push(sealTimer(kind, envelope, changes.added.at(row)));
    if (part.length < PART_WRITES) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

function sealTimer(kind: number, envelope: Envelope, entry: TimerEntry): WriteOperation {
  const key = timerKey(kind, entry.dueAtMs, entry.position);
  const value = envelope.seal(key, entry.position, (writer) => {
    writer.u32(entry.topicId);
    writer.u16(entry.queueId);
    writer.i32(entry.tagHash);
    writer.u32(entry.groupHigh);
    writer.u32(entry.groupLow);
  });
  return { key, value };
}

export function openTimer(envelope: Envelope, [key, value]: KeyValueEntry): TimerEntry {
  const { reader } = envelope.open(key, value);
  const [topicId, queueId, tagHash] = [reader.u32(), reader.u16(), reader.i32()];
  const [groupHigh, groupLow] = [reader.u32(), reader.u32()];
  return { dueAtMs: numberIn(key, 2, 8), position: numberIn(key, 10, 8), topicId, queueId, tagHash, groupHigh, groupLow };
}
