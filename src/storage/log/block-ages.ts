import type { Clock } from '../../model/clock.ts';

/** Stamps are whole milliseconds: by less than this they are apart from the monotonic clock without a step. */
const ROUNDING_MS = 1;
/** More stretches than these are joined in pairs. */
const MOST_STRETCHES = 4096;

/** Blocks that were stamped while the two clocks stood the same way to each other. */
interface Stretch {
  readonly fromSequence: number;
  /** By how much the stamps are ahead of the monotonic clock. */
  readonly aheadMs: number;
}

/**
 * For how long blocks have been there, by the monotonic clock: the wall clock that stamps them may be set while the process runs. Of a block
 * that an earlier process has written the stamp is believed.
 */
export class BlockAges {
  readonly #clock: Clock;
  #stretches: Stretch[];

  constructor(clock: Clock, lastStoredAtMs: number) {
    this.#clock = clock;
    this.#stretches = [{ fromSequence: 0, aheadMs: Math.max(clock.now(), lastStoredAtMs) - clock.monotonic() }];
  }

  /** A group is being written whose first block is `sequence`. */
  stamped(sequence: number, storedAtMs: number): void {
    const aheadMs = storedAtMs - this.#clock.monotonic();
    if (Math.abs(aheadMs - this.#aheadMs(sequence)) < ROUNDING_MS) return;
    this.#stretches.push({ fromSequence: sequence, aheadMs });
    if (this.#stretches.length > MOST_STRETCHES) this.#stretches = joined(this.#stretches);
  }

  /** Milliseconds since a block was stored. */
  ageMs(sequence: number, storedAtMs: number): number {
    return this.#clock.monotonic() + this.#aheadMs(sequence) - storedAtMs;
  }

  #aheadMs(sequence: number): number {
    let low = 0;
    let high = this.#stretches.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#stretches[middle] as Stretch).fromSequence <= sequence) low = middle;
      else high = middle;
    }
    return (this.#stretches[low] as Stretch).aheadMs;
  }
}

/** Two by two, and so that no block becomes older by it. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const half: Stretch[] = [];
  for (let i = 0; i < stretches.length; i += 2) {
    const [first, second = first] = [stretches[i] as Stretch, stretches[i + 1]];
    half.push({ fromSequence: first.fromSequence, aheadMs: Math.min(first.aheadMs, second.aheadMs) });
  }
  return half;
}
