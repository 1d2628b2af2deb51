import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/testing/index.ts';

describe('seeded chance', () => {
  test('repeats itself for a seed, and differs from seed to seed', () => {
    const draw = (seed: number): string => {
      const random = seededRandom(seed);
      return [...random.bytes(16), random.next(), random.next()].join(' ');
    };
    expect(draw(7)).toBe(draw(7));
    expect(new Set(Array.from({ length: 100 }, (_, seed) => draw(seed))).size).toBe(100);
  });

  test('is spread evenly enough for a test', () => {
    const random = seededRandom(1);
    const numbers = Array.from({ length: 10_000 }, () => random.next());
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
      expect(share).toBeGreaterThan(850);
      expect(share).toBeLessThan(1_150);
    }
    expect(new Set(random.bytes(10_000)).size).toBe(256);
  });
});
