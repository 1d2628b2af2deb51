import type { GroupKey } from '../../storage/message-group-hash.ts';
import { OffsetHeap } from './offset-heap.ts';

/** Nobody holds the lock at the moment: its next message is being looked for. */
const SEARCHING = -1;
/** No message waits behind the head. */
const NOBODY = -1;
/** Messages wait, the next one lies somewhere behind the head. */
const UNKNOWN = -2;

interface Lock {
  /** The one message of the group that may be delivered. */
  head: number;
  /** Lowest message that was passed over, `NOBODY`, or `UNKNOWN`. */
  next: number;
  /** Highest message that was passed over. */
  last: number;
  /** Messages that came back behind the group's place (redriven dead letters). */
  returned: OffsetHeap | undefined;
  /** The search that the lock waits for; another one's answer is out of date. */
  search: number;
}

/** What follows the head of a lock that was released. */
export type Successor =
  | { readonly kind: 'none' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'search'; readonly search: number; readonly from: number; readonly to: number };

const NONE: Successor = { kind: 'none' };

/**
 * Order inside message groups, for one queue and one consumer group: of each message group only the lowest unsettled message may go out;
 * those that were passed over meanwhile follow one by one.
 */
export class MessageGroupLocks {
  readonly #locks = new Map<GroupKey, Lock>();
  /** Goes on counting when the locks are cleared, because searches that began before may end afterwards. */
  #searches = 0;

  get size(): number {
    return this.#locks.size;
  }

  clear(): void {
    this.#locks.clear();
  }

  /** Takes the lock for a message at the frontier, or notes that it was passed over. */
  take(key: GroupKey, offset: number): boolean {
    const lock = this.#locks.get(key);
    if (lock === undefined) {
      this.#locks.set(key, { head: offset, next: NOBODY, last: NOBODY, returned: undefined, search: 0 });
      return true;
    }
    if (lock.head === offset) return true;
    if (lock.next === NOBODY) lock.next = offset;
    lock.last = offset;
    return false;
  }

  /** A message below the frontier is due again, outside the order in which it was passed: true when it may go out now. */
  comeBack(key: GroupKey, offset: number): boolean {
    const lock = this.#locks.get(key);
    if (lock === undefined) return this.take(key, offset);
    if (lock.head === offset) return true;
    lock.returned ??= new OffsetHeap();
    lock.returned.push(offset);
    return false;
  }

  isHead(key: GroupKey, offset: number): boolean {
    return this.#locks.get(key)?.head === offset;
  }

  /** The head is settled. The lock stays with its successor, or while one is searched; without one it is gone. */
  release(key: GroupKey, offset: number): Successor {
    const lock = this.#locks.get(key);
    return lock === undefined || lock.head !== offset ? NONE : this.#succeed(key, lock, offset);
  }

  /** A search found a message, or none up to the last that was passed over. */
  found(key: GroupKey, search: number, offset: number | undefined, searchedTo: number): Successor {
    const lock = this.#locks.get(key);
    if (lock === undefined || lock.head !== SEARCHING || lock.search !== search) return NONE;
    if (offset !== undefined) {
      const back = lock.returned?.top;
      if (back !== undefined && back < offset) {
        // It came back while the search ran, or lies where the search passes over what is settled.
        lock.next = offset;
        return takeBack(lock, back);
      }
      lock.head = offset;
      lock.next = offset < lock.last ? UNKNOWN : NOBODY;
      return { kind: 'offset', offset };
    }
    // More messages may have been passed over while the search ran.
    if (searchedTo < lock.last) return this.#searchFor(lock, searchedTo + 1);
    lock.next = NOBODY;
    return this.#succeed(key, lock, searchedTo);
  }

  #succeed(key: GroupKey, lock: Lock, offset: number): Successor {
    const back = lock.returned?.top;
    if (back !== undefined && (lock.next === NOBODY || back < (lock.next === UNKNOWN ? offset + 1 : lock.next))) {
      // What waits behind the old head still waits behind this one.
      if (lock.next === UNKNOWN) lock.next = offset + 1;
      return takeBack(lock, back);
    }
    if (lock.next === NOBODY) {
      this.#locks.delete(key);
      return NONE;
    }
    return this.#searchFor(lock, lock.next === UNKNOWN ? offset + 1 : lock.next);
  }

  #searchFor(lock: Lock, from: number): Successor {
    lock.head = SEARCHING;
    lock.search = ++this.#searches;
    return { kind: 'search', search: lock.search, from, to: lock.last };
  }
}

/** The lowest message that came back is the head. */
function takeBack(lock: Lock, offset: number): Successor {
  lock.returned?.pop();
  if (lock.returned?.size === 0) lock.returned = undefined;
  lock.head = offset;
  return { kind: 'offset', offset };
}
