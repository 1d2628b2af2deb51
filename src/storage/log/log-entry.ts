import type { BlockBuilder } from './block.ts';

/** A place for records in a group that has not been written yet. */
export interface GroupSpace {
  /** A builder that has room for a record of that many bytes. */
  room(bytes: number): BlockBuilder;
  /** Number of the block that `room` gave last. */
  readonly lastBlock: number;
}

/**
 * Something that becomes part of one group commit. It is told of each step once, in this order:
 * `seal`, then `commit` and `settle`, or `fail`.
 */
export interface LogEntry {
  /** The write starts: the last moment to write records, and the one at which queue offsets are given. */
  seal(space: GroupSpace, storedAtMs: number): void;
  /** The group is on disk (kill -9 class): make it visible. Must not throw. `firstSequence` is that of the group's first block. */
  commit(firstSequence: number): void;
  /** Everything in the group is visible and the next write has started: tell whoever waits. */
  settle(): void;
  /** The group is not on disk, and will not be. */
  fail(error: Error): void;
}
