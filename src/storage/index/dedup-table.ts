import type { LogPosition } from '../log-position.ts';
import type { GroupHash } from '../message-group-hash.ts';
import { type DedupCandidate, DedupSegment, type IsLive } from './dedup-segment.ts';

/** A segment of a table of ten million keys has ten thousand of them: building it anew takes less than a millisecond. */
const SEGMENT_BITS = 10;
const SEGMENTS = 2 ** SEGMENT_BITS;

/** How long the keys of a topic count, milliseconds; 0 for a topic that is gone. */
export type WindowOf = (topicId: number) => number;

/**
 * Which dedup keys were sent, when, and where their messages lie: 21 bytes a slot, 26 to 42 bytes a key, in {@link SEGMENTS} parts of which one
 * at a time is built anew. It knows hashes only; whether a message has the key is decided by who reads it.
 */
export class DedupTable {
  readonly #segments: (DedupSegment | undefined)[] = new Array<DedupSegment | undefined>(SEGMENTS).fill(undefined);
  readonly #isLive: IsLive;
  /** By which expired keys are told while a segment is built anew. */
  #nowMs = 0;
  /** The topic that was looked at last, and its window: a segment is full of keys of one topic. */
  #topicId = 0;
  #windowMs = 0;

  constructor(windowOf: WindowOf) {
    this.#isLive = (topicId, atMs) => {
      if (topicId !== this.#topicId) {
        this.#topicId = topicId;
        this.#windowMs = windowOf(topicId);
      }
      return atMs > this.#nowMs - this.#windowMs;
    };
  }

  /** Keys in it, with those that have expired and were not swept yet. */
  get size(): number {
    let size = 0;
    for (const segment of this.#segments) size += segment?.size ?? 0;
    return size;
  }

  /** Slots that its memory has room for. */
  get capacity(): number {
    let capacity = 0;
    for (const segment of this.#segments) capacity += segment?.capacity ?? 0;
    return capacity;
  }

  /** Messages that may have a key, also those whose windows are over; `undefined` where there is none for sure. */
  find(topicId: number, hash: GroupHash): DedupCandidate[] | undefined {
    return this.#segments[segmentOf(hash)]?.find(tagOf(topicId, hash), topicId);
  }

  /** A message has just been stored: `atMs` is now. */
  add(topicId: number, hash: GroupHash, position: LogPosition, atMs: number): void {
    this.#forgetWindows(atMs);
    this.#segment(hash).add(tagOf(topicId, hash), topicId, position, atMs, this.#isLive);
  }

  /** Takes a stored key up, once however often it comes. */
  load(topicId: number, hash: GroupHash, position: LogPosition, atMs: number): void {
    const tag = tagOf(topicId, hash);
    const segment = this.#segment(hash);
    if (!segment.has(tag, topicId, position)) segment.add(tag, topicId, position, atMs, this.#isLive);
  }

  remove(topicId: number, hash: GroupHash, position: LogPosition): void {
    this.#segments[segmentOf(hash)]?.remove(tagOf(topicId, hash), topicId, position);
  }

  /** Gives back what expired keys take, a part of the segments at each step. */
  *sweep(nowMs: number): Generator<void> {
    for (let number = 0; number < SEGMENTS; number++) {
      const segment = this.#segments[number];
      this.#forgetWindows(nowMs);
      segment?.sweep(this.#isLive);
      if (segment?.size === 0) this.#segments[number] = undefined;
      if (number % 32 === 31) yield;
    }
  }

  /** They may have changed since. */
  #forgetWindows(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#topicId = 0;
  }

  #segment(hash: GroupHash): DedupSegment {
    const number = segmentOf(hash);
    let segment = this.#segments[number];
    if (segment === undefined) {
      segment = new DedupSegment();
      this.#segments[number] = segment;
    }
    return segment;
  }
}

/** The hashes of similar keys are similar in many bits, so that both numbers mix them again. */
function segmentOf({ high, low }: GroupHash): number {
  return (Math.imul(high, 0x27d4_eb2f) ^ Math.imul(low, 0x1656_67b1)) >>> (32 - SEGMENT_BITS);
}

function tagOf(topicId: number, { high, low }: GroupHash): number {
  let tag = low ^ Math.imul(topicId, 0x9e37_79b1);
  tag = Math.imul(tag ^ (tag >>> 16), 0x85eb_ca6b) ^ high;
  tag = Math.imul(tag ^ (tag >>> 13), 0xc2b2_ae35);
  return (tag ^ (tag >>> 16)) >>> 0;
}
