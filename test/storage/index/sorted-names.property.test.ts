import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedNames } from '../../../src/storage/index/sorted-names.ts';

const name = fc.nat({ max: 3_000 }).map((number) => number.toString(36).padStart(3, '0'));
const range = fc.record({
  first: fc.oneof(fc.constant(''), name),
  end: fc.option(name, { nil: undefined }),
  reverse: fc.boolean(),
  most: fc.constantFrom(1, 7, 600, Number.POSITIVE_INFINITY),
});

test('names come in their order, or against it, however they were added and deleted', () => {
  fc.assert(
    fc.property(
      fc.array(name, { maxLength: 2_500, size: 'max' }),
      fc.boolean(),
      fc.array(name, { maxLength: 500 }),
      range,
      (added, rising, deleted, wanted) => {
        const names = new SortedNames();
        for (const one of rising ? [...added].sort() : added) names.add(one);
        for (const one of deleted) names.delete(one);
        const { first, end, reverse, most } = wanted;
        const left = [...new Set(added)].filter((one) => !deleted.includes(one)).sort();
        const expected = left.filter((one) => one >= first && (end === undefined || one < end));
        if (reverse) expected.reverse();
        expect(names.in(wanted)).toEqual(expected.slice(0, most));
      },
    ),
    { numRuns: 300 },
  );
});
