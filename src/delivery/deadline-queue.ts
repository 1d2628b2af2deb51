import type { Clock, Timer } from '../model/clock.ts';
import { DeadlineNode } from '../storage/index/queue-progress.ts';

/** Nodes of one duration, in the order in which they were added, which is the order in which they come due. */
class DeadlineList {
  readonly durationMs: number;
  readonly head: DeadlineNode = new DeadlineNode();

  constructor(durationMs: number) {
    this.durationMs = durationMs;
    this.head.next = this.head;
    this.head.previous = this.head;
  }

  get first(): DeadlineNode | undefined {
    return this.head.next === this.head ? undefined : this.head.next;
  }
}

/** A suspended machine or a stepped clock is noticed at the latest after this while. */
const LONGEST_SLEEP_MS = 30_000;

/**
 * What comes due and when: one list for each duration, so that adding and removing cost nothing that grows with their number.
 * One timer sleeps until the earliest; none exists while nothing is pending.
 */
export class DeadlineQueue<T extends DeadlineNode> {
  readonly #clock: Clock;
  readonly #onDue: (node: T) => void;
  readonly #lists = new Map<number, DeadlineList>();
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #stopped = false;
  /** Lists of `addSorted` have negative numbers instead of a duration. */
  #restoredLists = 0;

  constructor(clock: Clock, onDue: (node: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** `nowMs` is the monotonic clock where the caller has read it already. */
  add(node: T, durationMs: number, nowMs: number = this.#clock.monotonic()): void {
    if (node.list !== undefined) this.remove(node);
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      list = new DeadlineList(durationMs);
      this.#lists.set(durationMs, list);
    }
    node.dueAtMs = nowMs + durationMs;
    append(list, node);
    if (node.dueAtMs < this.#timerAtMs) this.#sleepUntil(node.dueAtMs);
  }

  /** Many nodes whose remaining times have nothing in common: they become one list, sorted once. */
  addSorted(nodes: readonly { readonly node: T; readonly remainingMs: number }[]): void {
    const list = new DeadlineList(--this.#restoredLists);
    const now = this.#clock.monotonic();
    for (const { node, remainingMs } of [...nodes].sort((left, right) => left.remainingMs - right.remainingMs)) {
      if (node.list !== undefined) this.remove(node);
      node.dueAtMs = now + remainingMs;
      append(list, node);
    }
    const { first } = list;
    if (first === undefined) return;
    this.#lists.set(list.durationMs, list);
    if (first.dueAtMs < this.#timerAtMs) this.#sleepUntil(first.dueAtMs);
  }

  remove(node: T): void {
    const list = node.list as DeadlineList | undefined;
    if (list === undefined) return;
    unlink(node);
    if (list.first !== undefined) return;
    this.#lists.delete(list.durationMs);
    if (this.#lists.size === 0) this.#cancel();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#lists.clear();
  }

  /** Fires everything that is due. */
  #fire(): void {
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    try {
      this.#fireDue(this.#clock.monotonic());
    } finally {
      // Also when one of them throws: the others must not wait for ever.
      const next = this.#earliest();
      if (next !== undefined && next.dueAtMs < this.#timerAtMs) this.#sleepUntil(next.dueAtMs);
    }
  }

  #fireDue(now: number): void {
    for (const list of [...this.#lists.values()]) {
      for (let node = list.first; node !== undefined && node.dueAtMs <= now; node = list.first) {
        this.remove(node as T);
        this.#onDue(node as T);
      }
    }
  }

  #earliest(): DeadlineNode | undefined {
    let earliest: DeadlineNode | undefined;
    for (const { first } of this.#lists.values()) {
      if (first !== undefined && (earliest === undefined || first.dueAtMs < earliest.dueAtMs)) earliest = first;
    }
    return earliest;
  }

  #sleepUntil(atMs: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    const delayMs = Math.min(LONGEST_SLEEP_MS, Math.max(0, atMs - this.#clock.monotonic()));
    this.#timer = this.#clock.setTimer(delayMs, () => this.#fire());
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }
}

function append(list: DeadlineList, node: DeadlineNode): void {
  const last = list.head.previous as DeadlineNode;
  node.list = list;
  last.next = node;
  node.previous = last;
  node.next = list.head;
  list.head.previous = node;
}

function unlink(node: DeadlineNode): void {
  (node.previous as DeadlineNode).next = node.next;
  (node.next as DeadlineNode).previous = node.previous;
  node.previous = undefined;
  node.next = undefined;
  node.list = undefined;
}
