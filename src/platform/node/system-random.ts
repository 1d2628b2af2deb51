import type { Random } from '../../model/random.ts';

/** The most that one call of `crypto.getRandomValues` fills. */
const BYTES_PER_CALL = 65_536;

/** Unpredictable bytes of the operating system. */
export const systemRandom: Random = {
  bytes: (count: number): Uint8Array => {
    const bytes = new Uint8Array(count);
    for (let from = 0; from < count; from += BYTES_PER_CALL) crypto.getRandomValues(bytes.subarray(from, from + BYTES_PER_CALL));
    return bytes;
  },
  next: (): number => {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    // The 53 bits that a double holds exactly.
    return ((high >>> 5) * 67_108_864 + (low >>> 6)) / 9_007_199_254_740_992;
  },
};
