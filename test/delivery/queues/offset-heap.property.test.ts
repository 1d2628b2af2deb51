import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OffsetHeap } from '../../../src/delivery/queues/offset-heap.ts';

test('a heap of offsets always has the lowest on top, as a sorted list has', () => {
  const step = fc.oneof(fc.nat({ max: 50 }), fc.constantFrom('pop', 'pop', 'clear'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new OffsetHeap();
      let sorted: number[] = [];
      for (const one of steps) {
        if (one === 'pop') {
          heap.pop();
          sorted.shift();
        } else if (one === 'clear') {
          if (sorted.length < 20) continue;
          heap.clear();
          sorted = [];
        } else {
          heap.push(one as number);
          sorted = [...sorted, one as number].sort((left, right) => left - right);
        }
        expect([heap.top, heap.size]).toEqual([sorted[0], sorted.length]);
      }
    }),
    { numRuns: 300 },
  );
});
