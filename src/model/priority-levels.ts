/** Priorities of a message: 0, the lowest and the default, to 9. */
export const PRIORITY_LEVELS = 10;

/**
 * A priority topic has a queue of its own for each level of each of its queues. They are numbered together, so that a queue that is added later
 * moves none: queue 0 has 0 to 9, queue 1 has 10 to 19.
 */
export function storedQueueCount(options: { readonly type: string; readonly queueCount: number }): number {
  return options.type === 'priority' ? options.queueCount * PRIORITY_LEVELS : options.queueCount;
}

/** The number of the queue in which messages of a priority lie. */
export function storedQueueId(queueId: number, priority: number): number {
  return queueId * PRIORITY_LEVELS + priority;
}

/** A queue as applications see it. */
export interface QueuePlace {
  readonly queueId: number;
  /** Only in a priority topic. */
  readonly priority?: number;
}

/** What a stored queue of a topic is to an application. */
export function placeOfQueue(type: string, storedId: number): QueuePlace {
  if (type !== 'priority') return { queueId: storedId };
  return { queueId: Math.floor(storedId / PRIORITY_LEVELS), priority: storedId % PRIORITY_LEVELS };
}
