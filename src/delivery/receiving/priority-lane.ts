import type { MessageFilter } from '../../model/message-filter.ts';
import { PRIORITY_LEVELS } from '../../model/priority-levels.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue, Pick } from '../queues/group-queue.ts';
import { settleFiltered } from '../settling/filtered.ts';
import type { QueueLane } from './queue-lane.ts';

/** So often the level whose first message has waited longest gets a turn, so that nothing starves behind higher priorities. */
const OLDEST_EVERY = 16;

/** All queues of a priority topic: the highest level that has something goes first, redeliveries at their own level. */
export class PriorityLane implements QueueLane {
  readonly #context: DeliveryContext;
  readonly #filter: MessageFilter;
  /** By priority; the queues of one level take turns. */
  readonly #levels: GroupQueue[][] = Array.from({ length: PRIORITY_LEVELS }, () => []);
  #next = 0;
  #picked = 0;

  constructor(context: DeliveryContext, queues: readonly GroupQueue[], filter: MessageFilter) {
    this.#context = context;
    this.#filter = filter;
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
      const untilOldest = OLDEST_EVERY - 1 - (this.#picked % OLDEST_EVERY);
      if (untilOldest === 0) {
        const oldest = this.#oldest();
        // Who has waited longest is known when everything has been read; the group is woken then.
        if (this.isLoading) return;
        if (oldest !== undefined) this.#collectFrom(oldest, picks, before + 1);
      }
      // Where the oldest came to nothing, because a filter passes it over, its turn goes to the highest.
      if (picks.length === before) this.#collectHighest(picks, Math.min(most, before + Math.max(1, untilOldest)));
      if (picks.length === before) return;
      this.#picked += picks.length - before;
    }
  }

  #collectHighest(picks: Pick[], most: number): void {
    for (let priority = PRIORITY_LEVELS - 1; priority >= 0 && picks.length < most; priority--) {
      const level = this.#levels[priority] as GroupQueue[];
      for (let i = 0; i < level.length && picks.length < most; i++)
        this.#collectFrom(level[(this.#next + i) % level.length] as GroupQueue, picks, most);
      // What is being read may be of this level: nothing lower overtakes it.
      if (picks.length < most && level.some((queue) => queue.isLoading)) return;
    }
  }

  #oldest(): GroupQueue | undefined {
    let oldest: GroupQueue | undefined;
    let oldestPosition = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) {
      for (const queue of level) {
        const position = queue.hasWork ? queue.nextPosition() : undefined;
        if (position === undefined || position >= oldestPosition) continue;
        oldest = queue;
        oldestPosition = position;
      }
    }
    return oldest;
  }

  #collectFrom(queue: GroupQueue, picks: Pick[], most: number): void {
    if (!queue.hasWork) return;
    queue.collect(picks, most, this.#filter);
    if (queue.skipped.length > 0) settleFiltered(this.#context, queue);
  }
}
