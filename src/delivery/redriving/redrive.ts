import type { BrokerIndex } from '../../storage/index/broker-index.ts';
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
  readonly #queue: GroupQueue | undefined;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };
  #block = 0;
  #record = 0;

  constructor(
    what: { index: BrokerIndex; address: ProgressAddress; offsets: number[]; fate: DeadLetterFate; queue: GroupQueue | undefined },
    settle: { resolve: () => void; reject: (error: Error) => void },
  ) {
    this.#index = what.index;
    this.#address = what.address;
    this.#offsets = what.offsets;
    this.#fate = what.fate;
    this.#queue = what.queue;
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
    if (this.#queue === undefined) return;
    this.#queue.progress.includes = position;
    for (const offset of this.#offsets) this.#queue.comeBack(offset);
  }

  settle(): void {
    this.#settle.resolve();
  }

  fail(error: Error): void {
    this.#settle.reject(error);
  }
}
