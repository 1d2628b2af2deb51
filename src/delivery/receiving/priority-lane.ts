import type { MessageFilter } from '../../model/message-filter.ts';
import { PRIORITY_LEVELS } from '../../model/priority-levels.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { settleFiltered } from '../settling/filtered.ts';
import type { Pick } from './pick.ts';
import { nextPosition, pickFrom } from './picking.ts';
import type { PriorityTurns } from './priority-turns.ts';
import type { QueueLane } from './queue-lane.ts';

/** All queues of a priority topic: the highest level that has something goes first, redeliveries at their own level. */
export class PriorityLane implements QueueLane {
  readonly #context: DeliveryContext;
  readonly #filter: MessageFilter;
  /** By priority; the queues of one level take turns. */
  readonly #levels: GroupQueue[][] = Array.from({ length: PRIORITY_LEVELS }, () => []);
  readonly #turns: PriorityTurns;
  #next = 0;

  constructor(context: DeliveryContext, queues: readonly GroupQueue[], { filter, turns }: { filter: MessageFilter; turns: PriorityTurns }) {
    this.#context = context;
    this.#filter = filter;
    this.#turns = turns;
    for (const queue of queues) {
      const { priority = 0 } = queue.topic.placeOf(queue.queue.queueId);
      this.#levels[priority]?.push(queue);
    }
  }

  get isLoading(): boolean {
    return this.#levels.some((level) => level.some((queue) => queue.isLoading));
  }

  collect(picks: Pick[], most: number): void {
    this.#next++;
    while (picks.length < most) {
      const before = picks.length;
      const { untilOldest } = this.#turns;
      if (untilOldest === 0) this.#collectOldest(picks);
      else this.#collectHighest(picks, Math.min(most, before + untilOldest));
      if (picks.length === before) return;
    }
  }

  #collectHighest(picks: Pick[], most: number): void {
    const before = picks.length;
    for (let priority = PRIORITY_LEVELS - 1; priority >= 0 && picks.length < most; priority--) {
      const level = this.#levels[priority] as GroupQueue[];
      for (let i = 0; i < level.length && picks.length < most; i++)
        this.#collectFrom(level[(this.#next + i) % level.length] as GroupQueue, picks, most);
      // What is being read may be of this level: nothing lower overtakes it.
      if (picks.length < most && level.some((queue) => queue.isLoading)) break;
    }
    this.#turns.tookHighest(picks, before);
  }

  /** Where the oldest comes to nothing, the next oldest has the turn. */
  #collectOldest(picks: Pick[]): void {
    const before = picks.length;
    while (picks.length === before) {
      const oldest = this.#oldest();
      // Who has waited longest is known when everything has been read; the group is woken then.
      if (oldest === undefined || this.isLoading) return;
      this.#collectFrom(oldest, picks, before + 1);
    }
    this.#turns.tookOldest(picks[before] as Pick);
  }

  #oldest(): GroupQueue | undefined {
    let oldest: GroupQueue | undefined;
    let oldestPosition = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) {
      for (const queue of level) {
        if (!queue.hasWork) continue;
        const position = nextPosition(queue, this.#filter);
        this.#settleSkipped(queue);
        if (position === undefined || position >= oldestPosition) continue;
        oldest = queue;
        oldestPosition = position;
      }
    }
    return oldest;
  }

  #collectFrom(queue: GroupQueue, picks: Pick[], most: number): void {
    if (!queue.hasWork) return;
    pickFrom(queue, picks, most, this.#filter);
    this.#settleSkipped(queue);
  }

  #settleSkipped(queue: GroupQueue): void {
    if (queue.skipped.length > 0) settleFiltered(this.#context, queue);
  }
}
