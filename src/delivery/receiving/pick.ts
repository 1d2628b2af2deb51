import type { LogPosition } from '../../storage/log-position.ts';
import type { GroupKey } from '../../storage/message-group-hash.ts';
import type { GroupQueue } from '../queues/group-queue.ts';

/** The turn that a message of a priority topic was picked in. */
export interface PickTurn {
  /** The pick is not delivered: whoever had the turn has it again. */
  cameToNothing(): void;
}

/** A message that was chosen for a delivery and belongs to nobody else until that is committed or given up. */
export interface Pick {
  readonly queue: GroupQueue;
  readonly offset: number;
  readonly position: LogPosition;
  readonly groupKey: GroupKey;
  readonly attempt: number;
  /** Which life of the queue it belongs to: a reset makes picks of before void. */
  readonly generation: number;
  /** Absent where the topic has no priorities. */
  turn: PickTurn | undefined;
}

/** A pick that came to nothing is due again at once. */
export function putBack(pick: Pick): void {
  const { queue, offset, generation, turn } = pick;
  turn?.cameToNothing();
  if (generation === queue.generation) queue.offerAgain(offset);
}
