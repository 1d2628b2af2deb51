import type { Clock } from '../../model/clock.ts';
import type { DurableStore } from '../../model/key-value-port.ts';
import type { ProcessPort } from '../../model/process-port.ts';
import type { Checksum } from '../checksum.ts';

/** What a commit log works with, and whom it tells. */
export interface CommitLogOptions {
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly process: ProcessPort;
  readonly checksum: Checksum;
  readonly storeTag: number;
  readonly nextSequence: number;
  readonly lastStoredAtMs: number;
  readonly cacheBytes: number;
  /** A write or a barrier was rejected; nothing more is written until `resume` or `abandon`. */
  readonly onFailure: (error: Error) => void;
  /** A group was made visible, and the next write has not started yet. */
  readonly onVisible: () => void;
  /** A barrier has ended: what was put before it is durable. */
  readonly onDurable: () => void;
  /** A group was committed; called after its entries were told. */
  readonly onCommit: (bytes: number) => void;
}
