import type { KeyValueEntry, WriteOperation } from '../../model/key-value-port.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { ProgressAddress } from '../log/state-records.ts';
import type { Envelope } from './envelope.ts';
import { inFlightKey, numberIn, progressChunkKey, progressKey } from './keys.ts';
import { QueueProgress, type RecordedState, type UnsettledMessage } from './queue-progress.ts';
import { chunkOf } from './settled-offsets.ts';

/*
 * Head (20..): u64 floor, u64 frontier, u64 next lease.
 * Chunk (21..): u16 length of the bitmap (0 or 2048) and the bitmap, u32 count of unsettled messages and each as
 *   u64 offset, u8 state, u32 attempt, u64 lease, u64 visibleAtMs, u64 durationMs, u8 holder, u8 deaths.
 * A chunk without bits and messages has no key.
 */
const STATES: readonly RecordedState[] = ['released', 'leased', 'waiting'];
const CHUNK_AT = 11;

/** Adds the writes that bring the index up to date with a queue's delivery state; all of them belong into one atomic write. */
export function snapshotProgress(progress: QueueProgress, operations: WriteOperation[], envelope: Envelope): void {
  const { address, includes } = progress;
  const head = progressKey(address);
  operations.push({
    key: head,
    value: envelope.seal(head, includes, (writer) => {
      writer.u64(progress.floor);
      writer.u64(progress.frontier);
      writer.u64(progress.nextLease);
    }),
  });
  const members = membersByChunk(progress);
  progress.removedChunks.clear();
  for (const chunk of progress.dirtyChunks) snapshotChunk(progress, chunk, members.get(chunk) ?? [], operations, envelope);
  markInFlight(progress, operations, envelope);
  progress.dirtyChunks.clear();
  progress.dirty = false;
}

/** Builds the state from its head and its chunks, as the index has them. */
export function loadProgress(
  address: ProgressAddress,
  head: KeyValueEntry | undefined,
  chunks: readonly KeyValueEntry[],
  context: { envelope: Envelope; start: number; inFlight: boolean; onDirty: (progress: QueueProgress) => void },
): QueueProgress {
  const progress = new QueueProgress(address, context.start, context.onDirty);
  if (head === undefined) return progress;
  // What is loaded is no change.
  progress.dirty = true;
  const { includes, reader } = context.envelope.open(head[0], head[1]);
  progress.includes = includes;
  progress.settled.reset(reader.u64());
  progress.frontier = reader.u64();
  progress.nextLease = reader.u64();
  progress.storedInFlight = context.inFlight;
  for (const [key, value] of chunks) loadChunk(progress, numberIn(key, CHUNK_AT, 8), context.envelope.open(key, value).reader);
  progress.dirtyChunks.clear();
  progress.dirty = false;
  return progress;
}

function snapshotChunk(
  progress: QueueProgress,
  chunk: number,
  members: readonly UnsettledMessage[],
  operations: WriteOperation[],
  envelope: Envelope,
): void {
  const key = progressChunkKey(progress.address, chunk);
  const bits = progress.settled.chunkBytes(chunk);
  if (bits === undefined && members.length === 0) {
    if (!progress.storedChunks.delete(chunk)) return;
    progress.removedChunks.add(chunk);
    operations.push({ key, value: undefined });
    return;
  }
  progress.storedChunks.add(chunk);
  const value = envelope.seal(key, progress.includes, (writer) => {
    writer.u16(bits?.length ?? 0);
    if (bits !== undefined) writer.raw(bits);
    writer.u32(members.length);
    for (const message of members) writeUnsettled(writer, message);
  });
  operations.push({ key, value });
}

function loadChunk(progress: QueueProgress, chunk: number, reader: ByteReader): void {
  const length = reader.u16();
  if (length > 0) progress.settled.load(chunk, reader.raw(length));
  progress.storedChunks.add(chunk);
  for (let left = reader.u32(); left > 0; left--) {
    const message = progress.restore(reader.u64());
    message.state = STATES[reader.u8()] ?? 'released';
    message.attempt = reader.u32();
    message.leaseNumber = reader.u64();
    message.visibleAtMs = reader.u64();
    message.durationMs = reader.u64();
    message.holder = reader.u8() === 0 ? 'process' : 'remote';
    message.deaths = reader.u8();
  }
}

function writeUnsettled(writer: ByteWriter, message: UnsettledMessage): void {
  writer.u64(message.offset);
  writer.u8(STATES.indexOf(message.state));
  writer.u32(message.attempt);
  writer.u64(message.leaseNumber);
  writer.u64(message.visibleAtMs);
  writer.u64(message.durationMs);
  writer.u8(message.holder === 'process' ? 0 : 1);
  writer.u8(Math.min(message.deaths, 255));
}

function markInFlight(progress: QueueProgress, operations: WriteOperation[], envelope: Envelope): void {
  const inFlight = progress.hasProcessLeases;
  if (inFlight === progress.storedInFlight) return;
  const key = inFlightKey(progress.address);
  operations.push({ key, value: inFlight ? envelope.seal(key, progress.includes, () => undefined) : undefined });
  progress.storedInFlight = inFlight;
}

function membersByChunk(progress: QueueProgress): Map<number, UnsettledMessage[]> {
  const members = new Map<number, UnsettledMessage[]>();
  for (const message of progress.unsettled.values()) {
    const chunk = chunkOf(message.offset);
    if (!progress.dirtyChunks.has(chunk)) continue;
    const list = members.get(chunk);
    if (list === undefined) members.set(chunk, [message]);
    else list.push(message);
  }
  for (const list of members.values()) list.sort((left, right) => left.offset - right.offset);
  return members;
}
