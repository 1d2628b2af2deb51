import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DeadlineQueue } from '../../src/delivery/deadline-queue.ts';
import { DeadlineNode } from '../../src/storage/index/queue-progress.ts';
import { StillClock } from '../storage/still-clock.ts';

class Node extends DeadlineNode {
  readonly name: number;

  constructor(name: number) {
    super();
    this.name = name;
  }
}

let clock: StillClock;
let fired: [name: number, atMs: number][];
let queue: DeadlineQueue<Node>;

beforeEach(() => {
  clock = new StillClock();
  fired = [];
  queue = new DeadlineQueue<Node>(clock, (node) => fired.push([node.name, clock.monotonicMs]));
});

describe('the queue of deadlines', () => {
  test('fires each node at its instant, the earliest first, and needs one timer at most', () => {
    for (const [name, durationMs] of [500, 20, 300, 20, 10_000].entries()) {
      queue.add(new Node(name), durationMs);
      expect(clock.timerCount).toBe(1);
    }
    clock.advance(10_000);
    expect(fired).toEqual([
      [1, 20],
      [3, 20],
      [2, 300],
      [0, 500],
      [4, 10_000],
    ]);
    expect(clock.timerCount).toBe(0);
  });

  test('has no timer while it is empty', () => {
    const node = new Node(0);
    queue.add(node, 50);
    queue.remove(node);
    queue.remove(node);
    expect(clock.timerCount).toBe(0);
    queue.addSorted([]);
    expect(clock.timerCount).toBe(0);
    clock.advance(1000);
    expect(fired).toEqual([]);
  });

  test('moves a node that is added again', () => {
    const node = new Node(0);
    queue.add(node, 50);
    queue.add(node, 500);
    clock.advance(499);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([[0, 500]]);
  });

  test('waits for days, and looks at the clock now and then meanwhile', () => {
    const dayMs = 24 * 3_600_000;
    queue.add(new Node(0), 2 * dayMs);
    let wakes = 0;
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (delayMs, fn) => {
      wakes++;
      expect(delayMs).toBeLessThanOrEqual(30_000);
      return setTimer(delayMs, fn);
    };
    clock.advance(2 * dayMs - 1);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([[0, 2 * dayMs]]);
    expect(wakes).toBeGreaterThan(1000);
  });

  test('fires late what came due while the machine slept', () => {
    queue.add(new Node(0), 5000);
    queue.add(new Node(1), 60_000);
    clock.monotonicMs += 100_000;
    clock.advance(0);
    expect(fired.map(([name]) => name)).toEqual([0, 1]);
  });

  test('takes many that remain from before as one list, in their order', () => {
    const restored = [400, -5, 100, 0, 250].map((remainingMs, name) => ({ node: new Node(name), remainingMs }));
    queue.add(new Node(9), 200);
    queue.addSorted(restored);
    expect(clock.timerCount).toBe(1);
    clock.advance(1000);
    expect(fired).toEqual([
      [1, 0],
      [3, 0],
      [2, 100],
      [9, 200],
      [4, 250],
      [0, 400],
    ]);
  });

  test('goes on with the others when one of them throws', () => {
    const failing = new DeadlineQueue<Node>(clock, (node) => {
      fired.push([node.name, clock.monotonicMs]);
      if (node.name === 0) throw new Error('a bug');
    });
    failing.add(new Node(0), 10);
    failing.add(new Node(1), 20);
    expect(() => clock.advance(10)).toThrow('a bug');
    clock.advance(10);
    expect(fired).toEqual([
      [0, 10],
      [1, 20],
    ]);
  });

  test('fires nothing after it was stopped', () => {
    queue.add(new Node(0), 10);
    queue.stop();
    queue.add(new Node(1), 10);
    expect(clock.timerCount).toBe(0);
    clock.advance(1000);
    expect(fired).toEqual([]);
  });

  test('fires what a plain list of deadlines would, whatever is added, moved and removed', () => {
    const step = fc.oneof(
      fc.tuple(fc.constant('add' as const), fc.nat({ max: 7 }), fc.constantFrom(0, 1, 10, 10, 500, 40_000)),
      fc.tuple(fc.constant('remove' as const), fc.nat({ max: 7 }), fc.constant(0)),
      fc.tuple(fc.constant('restore' as const), fc.nat({ max: 7 }), fc.integer({ min: -5, max: 700 })),
      fc.tuple(fc.constant('advance' as const), fc.constant(0), fc.constantFrom(0, 1, 9, 300, 35_000)),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const time = new StillClock();
        const seen: string[] = [];
        const expected: string[] = [];
        const deadlines = new DeadlineQueue<Node>(time, (node) => seen.push(`${node.name}@${time.monotonicMs}`));
        const nodes = Array.from({ length: 8 }, (_, name) => new Node(name));
        const due = new Map<Node, number>();
        for (const [verb, name, ms] of [...steps, ['advance', 0, 100_000] as const]) {
          const node = nodes[name] as Node;
          if (verb === 'add') {
            deadlines.add(node, ms);
            due.set(node, time.monotonicMs + ms);
          } else if (verb === 'remove') {
            deadlines.remove(node);
            due.delete(node);
          } else if (verb === 'restore') {
            deadlines.addSorted([{ node, remainingMs: ms }]);
            due.set(node, time.monotonicMs + ms);
          } else {
            const now = time.monotonicMs;
            for (const [other, atMs] of due) {
              if (atMs > now + ms) continue;
              expected.push(`${other.name}@${Math.max(now, atMs)}`);
              due.delete(other);
            }
            time.advance(ms);
          }
          expect(time.timerCount).toBe(due.size > 0 ? 1 : 0);
        }
        expect([...seen].sort()).toEqual([...expected].sort());
        const instants = seen.map((line) => Number(line.split('@')[1]));
        expect(instants).toEqual([...instants].sort((left, right) => left - right));
      }),
      { numRuns: 300 },
    );
  });
});
