import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHUNK_OFFSETS, chunkOf, SettledOffsets } from '../../../src/storage/index/settled-offsets.ts';

type Step =
  | { readonly verb: 'add'; readonly offset: number }
  | { readonly verb: 'addRun'; readonly offset: number; readonly count: number }
  | { readonly verb: 'reset'; readonly offset: number }
  | { readonly verb: 'reload' };

// Around the borders of chunks and of words, where mistakes live.
const offset = fc
  .tuple(fc.constantFrom(0, CHUNK_OFFSETS, 2 * CHUNK_OFFSETS), fc.integer({ min: -70, max: 70 }))
  .map(([border, distance]) => Math.max(0, border + distance));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: offset.map((at): Step => ({ verb: 'add', offset: at })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(offset, fc.constantFrom(3, 40, CHUNK_OFFSETS, 2 * CHUNK_OFFSETS + 5))
      .map(([at, count]): Step => ({ verb: 'addRun', offset: at, count })),
  },
  { weight: 1, arbitrary: offset.map((at): Step => ({ verb: 'reset', offset: at })) },
  { weight: 1, arbitrary: fc.constant<Step>({ verb: 'reload' }) },
);

/** The same set, with nothing clever in it. */
class NaiveSet {
  floor = 0;
  readonly above = new Set<number>();

  add(at: number): void {
    if (at >= this.floor) this.above.add(at);
    while (this.above.delete(this.floor)) this.floor++;
  }

  reset(floor: number): void {
    this.floor = floor;
    this.above.clear();
  }
}

function reloaded(settled: SettledOffsets): SettledOffsets {
  const copy = new SettledOffsets(settled.floor);
  for (const chunk of [...settled.chunks()]) {
    const bytes = settled.chunkBytes(chunk);
    if (bytes !== undefined) copy.load(chunk, bytes);
  }
  return copy;
}

describe('settled offsets', () => {
  test('are those of a plain set, through additions, resets, snapshots and loads', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let settled = new SettledOffsets(0);
        const naive = new NaiveSet();
        for (const one of steps) {
          if (one.verb === 'reload') settled = reloaded(settled);
          else if (one.verb === 'reset') {
            settled.reset(one.offset);
            naive.reset(one.offset);
          } else {
            const count = one.verb === 'add' ? 1 : one.count;
            for (let at = one.offset; at < one.offset + count; at++) {
              settled.add(at);
              naive.add(at);
            }
          }
          expect(settled.floor).toBe(naive.floor);
          expect(settled.countAboveFloor()).toBe(naive.above.size);
        }
        for (const border of [0, CHUNK_OFFSETS, 2 * CHUNK_OFFSETS, naive.floor]) {
          for (let at = Math.max(0, border - 75); at < border + 75; at++) {
            if (settled.has(at) !== (at < naive.floor || naive.above.has(at))) expect.fail(`offset ${at} differs`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keep no chunk below the floor', () => {
    const settled = new SettledOffsets(0);
    for (let at = 1; at < 3 * CHUNK_OFFSETS; at++) settled.add(at);
    expect([...settled.chunks()]).toEqual([0, 1, 2]);
    settled.add(0);
    expect(settled.floor).toBe(3 * CHUNK_OFFSETS);
    expect([...settled.chunks()]).toEqual([]);
    expect(chunkOf(settled.floor)).toBe(3);
  });
});
