import type { FilteredMessage } from '../message-filter.ts';

/** The three answers of SQL in the order of Kleene's logic: AND is the smallest, OR the largest, NOT counts from the other end. */
export type Truth = 0 | 1 | 2;

export const FALSE: Truth = 0;
export const UNKNOWN: Truth = 1;
export const TRUE: Truth = 2;

/** Answers a condition for a message; never throws. */
export type Evaluator = (message: FilteredMessage) => Truth;

export function not(truth: Truth): Truth {
  return (TRUE - truth) as Truth;
}

export function truthOf(holds: boolean): Truth {
  return holds ? TRUE : FALSE;
}
