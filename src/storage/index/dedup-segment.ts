import type { LogPosition } from '../log-position.ts';

/*
 * A slot has five words:
 *
 *   0  tag: a mixed hash of topic and key, which also chooses the slot
 *   1  low half of the log position; both halves are 0 in an empty slot
 *   2  high part of the log position (21 bits), above it the high part of the instant (11 bits: up to the year 2248)
 *   3  low half of the instant
 *   4  topic id; 0 once the key was freed
 */
const WORDS = 5;
const WORD = 0x1_0000_0000;
const HIGH_BITS = 21;
const HIGH_MASK = 0x1f_ffff;
const FIRST_CAPACITY = 8;
/** Fuller than this a miss would have to look at too many slots. */
const HIGHEST_LOAD = 0.8;
/** How full a segment is when it has been built anew. */
const FRESH_LOAD = 0.6;

/** Whether a key still counts that a topic was sent at that instant. */
export type IsLive = (topicId: number, atMs: number) => boolean;

/** A part of the table of dedup keys: open addressing in one typed array, small enough to be built anew without anybody noticing. */
export class DedupSegment {
  #slots = new Uint32Array(FIRST_CAPACITY * WORDS);
  #capacity = FIRST_CAPACITY;
  /** Slots that are not empty, freed and expired ones included. */
  #used = 0;
  #freed = 0;

  /** Keys in it, expired ones included. */
  get size(): number {
    return this.#used - this.#freed;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Where messages lie whose keys may be the one that is looked for, stored later than `sinceMs`; `undefined` where there is none. */
  find(tag: number, topicId: number, sinceMs: number): LogPosition[] | undefined {
    const slots = this.#slots;
    let found: LogPosition[] | undefined;
    for (let at = this.#home(tag); !isEmpty(slots, at); at = this.#after(at)) {
      if (slots[at] !== tag || slots[at + 4] !== topicId || instantAt(slots, at) <= sinceMs) continue;
      found ??= [];
      found.push(positionAt(slots, at));
    }
    return found;
  }

  has(tag: number, topicId: number, position: LogPosition): boolean {
    return this.#slotOf(tag, topicId, position) >= 0;
  }

  /** Takes a key up; what does not count any more makes room for it. */
  add(tag: number, topicId: number, position: LogPosition, atMs: number, isLive: IsLive): void {
    if (this.#used + 1 > this.#capacity * HIGHEST_LOAD) this.#rebuild(isLive);
    this.#used++;
    this.#put(tag, topicId, position, atMs);
  }

  /** False where it does not know the message. */
  remove(tag: number, topicId: number, position: LogPosition): boolean {
    const at = this.#slotOf(tag, topicId, position);
    if (at < 0) return false;
    this.#slots[at + 4] = 0;
    this.#freed++;
    return true;
  }

  /** Gives memory back when less than half of what is there still counts. */
  sweep(isLive: IsLive): void {
    if (this.#countLive(isLive) * 2 < this.#used) this.#rebuild(isLive);
  }

  #home(tag: number): number {
    return Math.floor((tag / WORD) * this.#capacity) * WORDS;
  }

  #after(at: number): number {
    return at + WORDS === this.#slots.length ? 0 : at + WORDS;
  }

  #slotOf(tag: number, topicId: number, position: LogPosition): number {
    const slots = this.#slots;
    for (let at = this.#home(tag); !isEmpty(slots, at); at = this.#after(at)) {
      if (slots[at] === tag && slots[at + 4] === topicId && positionAt(slots, at) === position) return at;
    }
    return -1;
  }

  #put(tag: number, topicId: number, position: LogPosition, atMs: number): void {
    const slots = this.#slots;
    let at = this.#home(tag);
    while (!isEmpty(slots, at)) at = this.#after(at);
    slots[at] = tag;
    slots[at + 1] = position % WORD;
    slots[at + 2] = Math.floor(position / WORD) + Math.floor(atMs / WORD) * (HIGH_MASK + 1);
    slots[at + 3] = atMs % WORD;
    slots[at + 4] = topicId;
  }

  #countLive(isLive: IsLive): number {
    const slots = this.#slots;
    let live = 0;
    for (let at = 0; at < slots.length; at += WORDS) if (isKept(slots, at, isLive)) live++;
    return live;
  }

  #rebuild(isLive: IsLive): void {
    const old = this.#slots;
    const live = this.#countLive(isLive);
    this.#capacity = Math.max(FIRST_CAPACITY, Math.ceil((live + 1) / FRESH_LOAD));
    this.#slots = new Uint32Array(this.#capacity * WORDS);
    this.#used = live;
    this.#freed = 0;
    for (let at = 0; at < old.length; at += WORDS) {
      if (isKept(old, at, isLive)) this.#put(old[at] as number, old[at + 4] as number, positionAt(old, at), instantAt(old, at));
    }
  }
}

function isEmpty(slots: Uint32Array, at: number): boolean {
  return slots[at + 1] === 0 && ((slots[at + 2] as number) & HIGH_MASK) === 0;
}

function isKept(slots: Uint32Array, at: number, isLive: IsLive): boolean {
  const topicId = slots[at + 4] as number;
  return topicId !== 0 && isLive(topicId, instantAt(slots, at));
}

function positionAt(slots: Uint32Array, at: number): LogPosition {
  return ((slots[at + 2] as number) & HIGH_MASK) * WORD + (slots[at + 1] as number);
}

function instantAt(slots: Uint32Array, at: number): number {
  return ((slots[at + 2] as number) >>> HIGH_BITS) * WORD + (slots[at + 3] as number);
}
