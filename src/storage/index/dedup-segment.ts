import type { LogPosition } from '../log-position.ts';

/*
 * Each slot has a mark of one byte, 0 while it is empty: a look-up that finds nothing, which is the usual one, looks at little else, and the
 * marks of a million keys fit into a processor's cache. Five words of details belong to it:
 *
 *   0  tag: a mixed hash of topic and key, which also chooses mark and slot
 *   1  low half of the log position
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
/** A segment in which more than this still counts gets more slots; else what does not count makes room. */
const ROOMY_LOAD = 0.6;
/** How full a segment is that has got more slots, or fewer. */
const FRESH_LOAD = 0.5;

/** Whether a key still counts that a topic was sent at that instant. */
export type IsLive = (topicId: number, atMs: number) => boolean;

/** A message that may have the key which is looked for, and when it was stored. */
export interface DedupCandidate {
  readonly position: LogPosition;
  readonly atMs: number;
}

/** Where slots wait while their segment is built anew; serves all segments, one after the other. */
let waiting = new Uint32Array(1024 * WORDS);

/** A part of the table of dedup keys: open addressing in typed arrays, small enough to be built anew without anybody noticing. */
export class DedupSegment {
  #marks = new Uint8Array(FIRST_CAPACITY);
  #words = new Uint32Array(FIRST_CAPACITY * WORDS);
  /** Slots that are not empty, freed and expired ones included. */
  #used = 0;
  #freed = 0;

  /** Keys in it, expired ones included. */
  get size(): number {
    return this.#used - this.#freed;
  }

  get capacity(): number {
    return this.#marks.length;
  }

  /** Messages that may have a key; `undefined` where there is none for sure. */
  find(tag: number, topicId: number): DedupCandidate[] | undefined {
    const marks = this.#marks;
    const words = this.#words;
    const wanted = markOf(tag);
    let found: DedupCandidate[] | undefined;
    let slot = home(tag, marks.length);
    for (let mark = marks[slot]; mark !== 0; mark = marks[slot]) {
      const at = slot * WORDS;
      if (mark === wanted && words[at] === tag && words[at + 4] === topicId) {
        found ??= [];
        found.push({ position: positionAt(words, at), atMs: instantAt(words, at) });
      }
      if (++slot === marks.length) slot = 0;
    }
    return found;
  }

  has(tag: number, topicId: number, position: LogPosition): boolean {
    return this.#detailsOf(tag, topicId, position) >= 0;
  }

  /** Takes a key up; what does not count any more makes room for it. */
  add(tag: number, topicId: number, position: LogPosition, atMs: number, isLive: IsLive): void {
    if (this.#used + 1 > this.#marks.length * HIGHEST_LOAD) this.#rebuild(isLive);
    this.#used++;
    const words = this.#words;
    const at = this.#take(tag);
    words[at] = tag;
    words[at + 1] = position % WORD;
    words[at + 2] = Math.floor(position / WORD) + Math.floor(atMs / WORD) * (HIGH_MASK + 1);
    words[at + 3] = atMs % WORD;
    words[at + 4] = topicId;
  }

  remove(tag: number, topicId: number, position: LogPosition): void {
    const at = this.#detailsOf(tag, topicId, position);
    if (at < 0) return;
    this.#words[at + 4] = 0;
    this.#freed++;
  }

  /** Gives memory back when little of what is there still counts. */
  sweep(isLive: IsLive): void {
    const live = this.#moveOut(isLive);
    this.#moveIn(live, live * 4 < this.#marks.length);
  }

  /** Where the details of a message are; -1 where it is not known. */
  #detailsOf(tag: number, topicId: number, position: LogPosition): number {
    const marks = this.#marks;
    const words = this.#words;
    for (let slot = home(tag, marks.length); marks[slot] !== 0; slot = slot + 1 === marks.length ? 0 : slot + 1) {
      const at = slot * WORDS;
      if (words[at] === tag && words[at + 4] === topicId && positionAt(words, at) === position) return at;
    }
    return -1;
  }

  /** Takes an empty slot; answers where its details go. */
  #take(tag: number): number {
    const marks = this.#marks;
    let slot = home(tag, marks.length);
    while (marks[slot] !== 0) if (++slot === marks.length) slot = 0;
    marks[slot] = markOf(tag);
    return slot * WORDS;
  }

  #rebuild(isLive: IsLive): void {
    const live = this.#moveOut(isLive);
    this.#moveIn(live, live + 1 > this.#marks.length * ROOMY_LOAD);
  }

  /** Copies what still counts to where it waits; answers how many slots those are. */
  #moveOut(isLive: IsLive): number {
    const marks = this.#marks;
    const words = this.#words;
    if (waiting.length < words.length) waiting = new Uint32Array(words.length * 2);
    let to = 0;
    for (let slot = 0; slot < marks.length; slot++) {
      const at = slot * WORDS;
      const topicId = words[at + 4] as number;
      if (marks[slot] === 0 || topicId === 0 || !isLive(topicId, instantAt(words, at))) continue;
      for (let word = 0; word < WORDS; word++) waiting[to + word] = words[at + word] as number;
      to += WORDS;
    }
    return to / WORDS;
  }

  /** New memory only where the size changes: much of it, even soon given back, would cost full collections. */
  #moveIn(live: number, isResized: boolean): void {
    if (isResized) {
      const capacity = Math.max(FIRST_CAPACITY, Math.ceil((live + 1) / FRESH_LOAD));
      this.#marks = new Uint8Array(capacity);
      this.#words = new Uint32Array(capacity * WORDS);
    } else this.#marks.fill(0);
    this.#used = live;
    this.#freed = 0;
    const words = this.#words;
    for (let from = 0; from < live * WORDS; from += WORDS) {
      const at = this.#take(waiting[from] as number);
      for (let word = 0; word < WORDS; word++) words[at + word] = waiting[from + word] as number;
    }
  }
}

function home(tag: number, capacity: number): number {
  return Math.floor((tag / WORD) * capacity);
}

function markOf(tag: number): number {
  return tag & 255 || 1;
}

function positionAt(words: Uint32Array, at: number): LogPosition {
  return ((words[at + 2] as number) & HIGH_MASK) * WORD + (words[at + 1] as number);
}

function instantAt(words: Uint32Array, at: number): number {
  return ((words[at + 2] as number) >>> HIGH_BITS) * WORD + (words[at + 3] as number);
}
