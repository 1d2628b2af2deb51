import type { Admin, Messaging } from '../../index.ts';
import type { Scene } from './scene.ts';

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
  readonly clock?: { advance(ms: number): Promise<void> } | undefined;
  /** Called after the test, whatever became of it. */
  dispose(): Promise<void>;
}

/** Tests about one subject; each has a sentence for a name. */
export interface ContractTheme {
  readonly name: string;
  readonly tests: Readonly<Record<string, (scene: Scene) => Promise<void>>>;
}
