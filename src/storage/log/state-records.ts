import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/*
 * Every state record speaks of one queue as one consumer group sees it and begins with its address:
 *
 *   0  u32 group id, u32 topic id, u16 queue id
 *
 * Offsets follow as runs {u64 first offset, u32 count} or as single entries, behind a u32 that counts them.
 */

/** The queue of a topic, as one consumer group sees it. */
export interface ProgressAddress {
  readonly groupId: number;
  readonly topicId: number;
  readonly queueId: number;
}

/** Who holds a lease: this process, whose death releases it, or a remote client, whose lease outlives us. */
export type LeaseHolder = 'process' | 'remote';

/** Terms that all messages of a hand-out share. Lease numbers rise by one from `firstLease`, in the order of the offsets. */
export interface LeaseTerms {
  readonly firstLease: number;
  readonly untilMs: number;
  readonly durationMs: number;
  readonly holder: LeaseHolder;
}

/** A failed attempt that waits: until when, and how long that was at the beginning (a reopen never makes it longer). */
export interface RetryWait {
  readonly offset: number;
  readonly visibleAtMs: number;
  readonly delayMs: number;
}

/** A message that a group gives up. */
export interface DeadLetterMark {
  readonly offset: number;
  readonly attempts: number;
  readonly atMs: number;
  readonly reason: string;
  /** Log position of the message, which the mark keeps alive. */
  readonly position: number;
}

export function writeAddress(writer: ByteWriter, address: ProgressAddress): void {
  writer.u32(address.groupId);
  writer.u32(address.topicId);
  writer.u16(address.queueId);
}

export function readAddress(reader: ByteReader): ProgressAddress {
  return { groupId: reader.u32(), topicId: reader.u32(), queueId: reader.u16() };
}

/** Offsets in any order, packed as runs of rising neighbours. */
export function writeOffsets(writer: ByteWriter, offsets: number[]): void {
  if (offsets.length > 1) sortIfNeeded(offsets);
  const countAt = writer.used;
  writer.u32(0);
  let runs = 0;
  for (let i = 0; i < offsets.length; runs++) {
    const first = offsets[i] as number;
    let next = i + 1;
    while (next < offsets.length && offsets[next] === first + next - i) next++;
    writer.u64(first);
    writer.u32(next - i);
    i = next;
  }
  writer.setU32(countAt, runs);
}

export function readOffsets(reader: ByteReader, each: (first: number, count: number) => void): void {
  for (let runs = reader.u32(); runs > 0; runs--) each(reader.u64(), reader.u32());
}

/** A message of a hand-out. */
export interface HandedOut {
  readonly offset: number;
  readonly attempt: number;
}

/** Neighbours with equal attempts share a run. */
export function writeHandOut(writer: ByteWriter, terms: LeaseTerms, messages: readonly HandedOut[]): void {
  writer.u64(terms.firstLease);
  writer.u64(terms.untilMs);
  writer.u64(terms.durationMs);
  writer.u8(terms.holder === 'process' ? 0 : 1);
  const countAt = writer.used;
  writer.u32(0);
  let runs = 0;
  for (let i = 0; i < messages.length; runs++) {
    const first = messages[i] as HandedOut;
    let next = i + 1;
    while (next < messages.length && follows(messages[next] as HandedOut, first, next - i)) next++;
    writer.u64(first.offset);
    writer.u32(next - i);
    writer.u32(first.attempt);
    i = next;
  }
  writer.setU32(countAt, runs);
}

function follows(message: HandedOut, first: HandedOut, distance: number): boolean {
  return message.offset === first.offset + distance && message.attempt === first.attempt;
}

export function readHandOut(reader: ByteReader, each: (offset: number, attempt: number, lease: number, terms: LeaseTerms) => void): void {
  const terms = readTerms(reader);
  let lease = terms.firstLease;
  for (let runs = reader.u32(); runs > 0; runs--) {
    const first = reader.u64();
    const count = reader.u32();
    const attempt = reader.u32();
    for (let i = 0; i < count; i++) each(first + i, attempt, lease++, terms);
  }
}

export function writeChangeInvisible(writer: ByteWriter, offset: number, terms: LeaseTerms): void {
  writer.u64(offset);
  writer.u64(terms.firstLease);
  writer.u64(terms.untilMs);
  writer.u64(terms.durationMs);
  writer.u8(terms.holder === 'process' ? 0 : 1);
}

export function readChangeInvisible(reader: ByteReader): { offset: number; terms: LeaseTerms } {
  return { offset: reader.u64(), terms: readTerms(reader) };
}

export function writeRetryWaits(writer: ByteWriter, waits: readonly RetryWait[]): void {
  writer.u32(waits.length);
  for (const wait of waits) {
    writer.u64(wait.offset);
    writer.u64(wait.visibleAtMs);
    writer.u64(wait.delayMs);
  }
}

export function readRetryWaits(reader: ByteReader, each: (wait: RetryWait) => void): void {
  for (let left = reader.u32(); left > 0; left--) each({ offset: reader.u64(), visibleAtMs: reader.u64(), delayMs: reader.u64() });
}

export function writeDeadLetters(writer: ByteWriter, marks: readonly DeadLetterMark[]): void {
  writer.u32(marks.length);
  for (const mark of marks) writeDeadLetter(writer, mark);
}

export function readDeadLetters(reader: ByteReader, each: (mark: DeadLetterMark) => void): void {
  for (let left = reader.u32(); left > 0; left--) each(readDeadLetter(reader));
}

export function writeDeadLetter(writer: ByteWriter, mark: DeadLetterMark): void {
  writer.u64(mark.offset);
  writer.u32(mark.attempts);
  writer.u64(mark.atMs);
  writer.u64(mark.position);
  writer.longText(mark.reason);
}

export function readDeadLetter(reader: ByteReader): DeadLetterMark {
  const offset = reader.u64();
  const attempts = reader.u32();
  const atMs = reader.u64();
  const position = reader.u64();
  return { offset, attempts, atMs, position, reason: reader.longText() };
}

function readTerms(reader: ByteReader): LeaseTerms {
  const firstLease = reader.u64();
  const untilMs = reader.u64();
  const durationMs = reader.u64();
  return { firstLease, untilMs, durationMs, holder: reader.u8() === 0 ? 'process' : 'remote' };
}

function sortIfNeeded(offsets: number[]): void {
  for (let i = 1; i < offsets.length; i++) {
    if ((offsets[i - 1] as number) > (offsets[i] as number)) {
      offsets.sort((left, right) => left - right);
      return;
    }
  }
}
