import type { MessageFilter } from '../../model/message-filter.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { settleFiltered } from '../settling/filtered.ts';
import type { Pick } from './pick.ts';
import { pickFrom } from './picking.ts';

/** A part of a group's queues that a consumer takes from in turn with the others. */
export interface QueueLane {
  /** Something is being read that may bring messages. */
  readonly isLoading: boolean;
  /** Chooses messages that are visible now, until there are `most` picks. */
  collect(picks: Pick[], most: number): void;
}

/** One queue. */
export class SingleLane implements QueueLane {
  readonly #context: DeliveryContext;
  readonly #queue: GroupQueue;
  readonly #filter: MessageFilter;

  constructor(context: DeliveryContext, queue: GroupQueue, filter: MessageFilter) {
    this.#context = context;
    this.#queue = queue;
    this.#filter = filter;
  }

  get isLoading(): boolean {
    return this.#queue.isLoading;
  }

  collect(picks: Pick[], most: number): void {
    const queue = this.#queue;
    if (!queue.hasWork) return;
    pickFrom(queue, picks, most, this.#filter);
    if (queue.skipped.length > 0) settleFiltered(this.#context, queue);
  }
}
