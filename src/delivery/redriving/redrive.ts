import type { BrokerIndex } from '../../storage/index/broker-index.ts';
import type { QueueProgress } from '../../storage/index/queue-progress.ts';
import type { GroupSpace, LogEntry } from '../../storage/log/log-entry.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type ProgressAddress, writeAddress, writeOffsets } from '../../storage/log/state-records.ts';
import { logPosition } from '../../storage/log-position.ts';
import type { GroupQueue } from '../queues/group-queue.ts';

/** What becomes of dead letters: back to their group, sent on as new messages in the same commit, or thrown away. */
export type DeadLetterFate = 'redriven' | 'sentOn' | 'purged';

const SENT_ON = 1;

/** Takes dead letters of one queue off their list. */
export class DeadLetterRemoval implements LogEntry {
  readonly #index: BrokerIndex;
  readonly #address: ProgressAddress;
  readonly #offsets: number[];
  readonly #fate: DeadLetterFate;
  /** Where they are delivered again; only for `redriven`. */
  readonly #progress: QueueProgress | undefined;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };
  #block = 0;
  #record = 0;

  constructor(
    what: { index: BrokerIndex; address: ProgressAddress; offsets: number[]; fate: DeadLetterFate; progress: QueueProgress | undefined },
    settle: { resolve: () => void; reject: (error: Error) => void },
  ) {
    this.#index = what.index;
    this.#address = what.address;
    this.#offsets = what.offsets;
    this.#fate = what.fate;
    this.#progress = what.progress;
    this.#settle = settle;
  }

  seal(space: GroupSpace): void {
    const builder = space.room(32 + this.#offsets.length * 12);
    this.#record = builder.begin(this.#fate === 'purged' ? RECORD.purge : RECORD.redrive);
    writeAddress(builder, this.#address);
    if (this.#fate !== 'purged') builder.u8(this.#fate === 'sentOn' ? SENT_ON : 0);
    writeOffsets(builder, this.#offsets);
    builder.end();
    this.#block = space.lastBlock;
  }

  commit(firstSequence: number): void {
    const position = logPosition(firstSequence + this.#block, this.#record);
    for (const offset of this.#offsets) this.#index.deadLetters.remove(this.#address, offset, position);
    if (this.#progress !== undefined) this.#deliverAgain(this.#progress, position);
  }

  /** The group may have begun to go through the queue anew since this joined, or have left it: who comes next finds the messages in its progress. */
  #deliverAgain(progress: QueueProgress, position: number): void {
    const queue = progress.live as GroupQueue | undefined;
    progress.includes = position;
    for (const offset of this.#offsets) {
      if (queue === undefined || queue.dropped) progress.redrive(offset);
      else queue.comeBack(offset);
    }
  }

  settle(): void {
    this.#settle.resolve();
  }

  fail(error: Error): void {
    this.#settle.reject(error);
  }
}
