import { AssertionError } from 'node:assert';

/** A broken promise, by its number in the list of invariants. */
export function violation(invariant: string, what: string): AssertionError {
  return new AssertionError({ message: `${invariant} is broken: ${what}`, stackStartFn: violation });
}
