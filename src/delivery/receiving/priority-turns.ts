import type { Pick, PickTurn } from './pick.ts';

/** So many messages of a priority topic come until the one gets its turn that has waited longest, so that nothing starves behind higher priorities. */
const OLDEST_EVERY = 16;

/**
 * Whose turn it is in a priority topic: the oldest message's after fifteen of the highest level. A turn counts while its pick stands, so that a pick
 * that comes to nothing takes no turn from anybody.
 */
export class PriorityTurns {
  /**
   * Turns of the highest level since the last one of the oldest. Below zero while some of them have come to nothing behind it: the next turn of the
   * oldest is so much further.
   */
  #sinceOldest: number;
  readonly #ofHighest: PickTurn = { cameToNothing: () => void this.#sinceOldest-- };
  readonly #ofOldest: PickTurn = {
    cameToNothing: () => {
      this.#sinceOldest += OLDEST_EVERY - 1;
    },
  };

  /** `before` messages have come: a process that ends after a few of them does not begin with the highest each time. */
  constructor(before: number) {
    this.#sinceOldest = before % OLDEST_EVERY;
  }

  /** So many turns the highest level has before the oldest message's. */
  get untilOldest(): number {
    return Math.max(0, OLDEST_EVERY - 1 - this.#sinceOldest);
  }

  /** Picks from `from` on are of the highest level. */
  tookHighest(picks: readonly Pick[], from: number): void {
    for (let i = from; i < picks.length; i++) (picks[i] as Pick).turn = this.#ofHighest;
    this.#sinceOldest += picks.length - from;
  }

  /** This pick is the oldest message. */
  tookOldest(pick: Pick): void {
    pick.turn = this.#ofOldest;
    this.#sinceOldest -= OLDEST_EVERY - 1;
  }
}
