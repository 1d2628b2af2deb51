import { fromHex } from '../../model/hex.ts';
import type { ProgressAddress } from '../log/state-records.ts';

/*
 * Keys of the index, all numbers big-endian so that byte order is number order:
 *
 *   01                                     checkpoint
 *   02 topicId                             topic
 *   03 groupId                             consumer group
 *   04 groupId name                        subscription of a group to a topic name
 *   10 topicId queueId firstOffset         consume queue: packed entries from that offset on
 *   20 groupId topicId queueId             delivery state: floor, frontier
 *   21 groupId topicId queueId chunk       delivery state: settled bits and unsettled messages of 16,384 offsets
 *   22 groupId topicId queueId             present while the state above holds leases of a process
 *   30 groupId topicId queueId offset      dead letter
 *   40 kind dueAtMs position                message that waits for its time
 *   41 topicId                             how many of them the topic has
 *   42 transactionId                       transaction
 *   43                                     where the clocks stood when the newest message with a delay was sent
 *   50.. key index: reserved
 *   60 minute blockSequence part           dedup keys whose windows end in that minute, as one checkpoint found them
 *   70 key                                 value of the application
 */
export const PREFIX = {
  checkpoint: 0x01,
  topic: 0x02,
  group: 0x03,
  subscription: 0x04,
  consumeQueue: 0x10,
  progress: 0x20,
  progressChunk: 0x21,
  inFlight: 0x22,
  deadLetter: 0x30,
  timer: 0x40,
  delayCount: 0x41,
  transaction: 0x42,
  delayClocks: 0x43,
  keyIndex: 0x50,
  dedup: 0x60,
  application: 0x70,
} as const;

const encoder = new TextEncoder();

export const CHECKPOINT_KEY: Uint8Array = new Uint8Array([PREFIX.checkpoint]);
export const DELAY_CLOCKS_KEY: Uint8Array = new Uint8Array([PREFIX.delayClocks]);

export function topicKey(topicId: number): Uint8Array {
  return pack(PREFIX.topic, [topicId, 4]);
}

export function groupKey(groupId: number): Uint8Array {
  return pack(PREFIX.group, [groupId, 4]);
}

export function subscriptionKey(groupId: number, topicName: string): Uint8Array {
  const head = pack(PREFIX.subscription, [groupId, 4]);
  const name = encoder.encode(topicName);
  const key = new Uint8Array(head.length + name.length);
  key.set(head);
  key.set(name, head.length);
  return key;
}

export function consumeQueueKey(topicId: number, queueId: number, firstOffset: number): Uint8Array {
  return pack(PREFIX.consumeQueue, [topicId, 4], [queueId, 2], [firstOffset, 8]);
}

export function progressKey(address: ProgressAddress): Uint8Array {
  return pack(PREFIX.progress, [address.groupId, 4], [address.topicId, 4], [address.queueId, 2]);
}

export function progressChunkKey(address: ProgressAddress, chunk: number): Uint8Array {
  return pack(PREFIX.progressChunk, [address.groupId, 4], [address.topicId, 4], [address.queueId, 2], [chunk, 8]);
}

export function inFlightKey(address: ProgressAddress): Uint8Array {
  return pack(PREFIX.inFlight, [address.groupId, 4], [address.topicId, 4], [address.queueId, 2]);
}

/** A run of dedup keys; `minute` counts minutes since the epoch, `part` tells the runs of one checkpoint apart. */
export function dedupKey(minute: number, sequence: number, part: number): Uint8Array {
  return pack(PREFIX.dedup, [minute, 8], [sequence, 8], [part, 4]);
}

export function deadLetterKey(address: ProgressAddress, offset: number): Uint8Array {
  return pack(PREFIX.deadLetter, [address.groupId, 4], [address.topicId, 4], [address.queueId, 2], [offset, 8]);
}

export function timerKey(kind: number, dueAtMs: number, position: number): Uint8Array {
  return pack(PREFIX.timer, [kind, 1], [dueAtMs, 8], [position, 8]);
}

/** Timers of a kind from a place on. */
export function timerRange(
  kind: number,
  from: { readonly dueAtMs: number; readonly position: number },
): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: timerKey(kind, from.dueAtMs, from.position), lt: rangeOf(PREFIX.timer, [kind, 1]).lt };
}

export function delayCountKey(topicId: number): Uint8Array {
  return pack(PREFIX.delayCount, [topicId, 4]);
}

/** `transactionId` has 34 hexadecimal digits. */
export function transactionKey(transactionId: string): Uint8Array {
  const id = fromHex(transactionId);
  const key = new Uint8Array(id.length + 1);
  key[0] = PREFIX.transaction;
  key.set(id, 1);
  return key;
}

/** All keys that begin with a prefix and the numbers behind it. */
export function rangeOf(
  prefix: number,
  ...parts: readonly (readonly [value: number, bytes: number])[]
): { gte: Uint8Array; lt: Uint8Array } {
  const gte = pack(prefix, ...parts);
  const lt = gte.slice();
  for (let i = lt.length - 1; i >= 0; i--) {
    lt[i] = ((lt[i] as number) + 1) & 255;
    if (lt[i] !== 0) break;
  }
  return { gte, lt };
}

/** The number of `bytes` bytes at `at` in a key. */
export function numberIn(key: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = at; i < at + bytes; i++) value = value * 256 + (key[i] as number);
  return value;
}

/** The address in a key of a progress, a chunk, an in-flight mark or a dead letter. */
export function addressIn(key: Uint8Array): ProgressAddress {
  return { groupId: numberIn(key, 1, 4), topicId: numberIn(key, 5, 4), queueId: numberIn(key, 9, 2) };
}

function pack(prefix: number, ...parts: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  let length = 1;
  for (const [, bytes] of parts) length += bytes;
  const key = new Uint8Array(length);
  key[0] = prefix;
  let at = 1;
  for (const [value, bytes] of parts) {
    let rest = value;
    for (let i = at + bytes - 1; i >= at; i--) {
      key[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    at += bytes;
  }
  return key;
}
