import type { Admin, Messaging } from '../../index.ts';

/**
 * The time of a place, as far as the contract moves it; a `ManualClock` is one.
 * @public
 * @since 0.1.0
 */
export interface ContractClock {
  /** Lets milliseconds pass. */
  advance(ms: number): Promise<void>;
}

/**
 * Where a contract test plays: a fresh and empty place that a test has for itself.
 * @public
 * @since 0.1.0
 */
export interface ContractPlace {
  /** What is tested. */
  readonly messaging: Messaging;
  /** Needed by the tests of topics, groups, progress and dead letters; a place without it skips them by name. */
  readonly admin?: Admin | undefined;
  /** Moves the time of the place; without it the tests really wait. */
  readonly clock?: ContractClock | undefined;
  /** Called after the test, whatever became of it. */
  dispose(): Promise<void>;
}
