import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageGroupLocks, type Successor } from '../../../src/delivery/queues/message-group-locks.ts';

const KEY = 7;

/** One message group of one queue, beside the plain set of what waits in it. */
class Bench {
  readonly locks = new MessageGroupLocks();
  /** Messages that wait behind the head. */
  readonly waiting = new Set<number>();
  /** Those of them that are settled for the queue, because they came back from the dead letters. */
  readonly returned = new Set<number>();
  readonly done: number[] = [];
  head: number | undefined;
  frontier = 0;
  #search: (Successor & { kind: 'search' }) | undefined;

  get isSearching(): boolean {
    return this.#search !== undefined;
  }

  take(skip: number): void {
    this.frontier += skip;
    const offset = this.frontier++;
    const isFree = this.head === undefined && !this.isSearching;
    expect(this.locks.take(KEY, offset)).toBe(isFree);
    if (isFree) this.head = offset;
    else this.waiting.add(offset);
  }

  /** A dead letter is redriven. */
  comeBack(choice: number): void {
    const gone = this.done.filter((offset) => offset !== this.head && !this.waiting.has(offset));
    const offset = gone[choice % Math.max(1, gone.length)];
    if (offset === undefined) return;
    const isFree = this.head === undefined && !this.isSearching;
    expect(this.locks.comeBack(KEY, offset)).toBe(isFree);
    if (isFree) this.head = offset;
    else {
      this.waiting.add(offset);
      this.returned.add(offset);
    }
  }

  release(): void {
    if (this.head === undefined) return;
    const { head } = this;
    this.done.push(head);
    this.head = undefined;
    this.#follow(this.locks.release(KEY, head));
  }

  /** The search walks over the queue's entries: what is settled it passes over. */
  endSearch(): void {
    const search = this.#search;
    if (search === undefined) return;
    this.#search = undefined;
    const found = [...this.waiting]
      .filter((offset) => !this.returned.has(offset) && offset >= search.from && offset <= search.to)
      .sort((left, right) => left - right)[0];
    this.#follow(this.locks.found(KEY, search.search, found, found ?? search.to));
  }

  #follow(successor: Successor): void {
    if (successor.kind === 'search') {
      expect(successor.from).toBeLessThanOrEqual(successor.to);
      this.#search = successor;
    } else if (successor.kind === 'offset') {
      expect(successor.offset).toBe(Math.min(...this.waiting));
      this.waiting.delete(successor.offset);
      this.returned.delete(successor.offset);
      this.head = successor.offset;
      expect(this.locks.isHead(KEY, successor.offset)).toBe(true);
    } else {
      expect(this.waiting.size).toBe(0);
      expect(this.locks.size).toBe(0);
    }
  }
}

type Step = readonly [verb: 'take' | 'comeBack' | 'release' | 'endSearch', number: number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom<Step[0][]>('take', 'take', 'take', 'comeBack', 'release', 'release', 'endSearch', 'endSearch'),
  fc.nat({ max: 5 }),
);

describe('the locks of message groups', () => {
  test('let out one message at a time, always the lowest that waits, and forget a group with nothing left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench();
        for (const [verb, number] of steps) bench[verb](number);
        for (let left = 200; left > 0 && (bench.head !== undefined || bench.isSearching); left--) {
          bench.endSearch();
          bench.release();
        }
        expect([bench.waiting.size, bench.locks.size]).toEqual([0, 0]);
      }),
      { numRuns: 1000 },
    );
  });

  test('keep groups apart, and forget all of them when they are cleared', () => {
    const locks = new MessageGroupLocks();
    expect([locks.take(1, 0), locks.take(2, 1), locks.take(1, 2), locks.take(1, 0)]).toEqual([true, true, false, true]);
    expect(locks.release(1, 2)).toEqual({ kind: 'none' });
    expect(locks.isHead(1, 0)).toBe(true);
    locks.clear();
    expect([locks.size, locks.isHead(1, 0)]).toEqual([0, false]);
    expect(locks.found(1, 1, 2, 2)).toEqual({ kind: 'none' });
  });

  test('take no answer of a search that began before they were cleared', () => {
    const locks = new MessageGroupLocks();
    const searched = (): number => {
      for (const offset of [0, 1, 2]) locks.take(KEY, offset);
      const successor = locks.release(KEY, 0);
      return successor.kind === 'search' ? successor.search : expect.fail('there is nothing to search for');
    };
    const before = searched();
    locks.clear();
    const after = searched();
    expect(locks.found(KEY, before, 2, 2)).toEqual({ kind: 'none' });
    expect(locks.found(KEY, after, 1, 1)).toEqual({ kind: 'offset', offset: 1 });
  });

  test('take back a whole message group of dead letters in no more than a moment', () => {
    const locks = new MessageGroupLocks();
    locks.take(KEY, 0);
    const count = 50_000;
    for (let offset = count; offset > 0; offset--) locks.comeBack(KEY, offset);
    for (let offset = 0; offset < count; offset++) {
      const successor = locks.release(KEY, offset);
      if (successor.kind !== 'offset' || successor.offset !== offset + 1) expect.fail(`after ${offset} came ${JSON.stringify(successor)}`);
    }
    expect(locks.release(KEY, count)).toEqual({ kind: 'none' });
  });
});
