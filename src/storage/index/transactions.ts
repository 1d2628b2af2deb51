import type { KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import { corrupt } from '../byte-reader.ts';
import type { LogPosition } from '../log-position.ts';
import type { GroupHash } from '../message-group-hash.ts';
import type { Envelope } from './envelope.ts';
import { PREFIX, rangeOf, transactionKey } from './keys.ts';
import { DeadlineNode } from './queue-progress.ts';

/** What became of a transaction. */
export type TransactionOutcome = 'commit' | 'rollback';

/** A message of a transaction, and what its place in a queue will need. */
export interface HalfMessage {
  readonly position: LogPosition;
  readonly topicId: number;
  readonly queueId: number;
  readonly tagHash: number;
  readonly groupHigh: number;
  readonly groupLow: number;
  /** Of its dedup key, which is free again after a rollback. */
  readonly dedupHash?: GroupHash;
}

/** What the index keeps of a transaction. */
interface StoredTransaction {
  readonly halves: readonly HalfMessage[];
  readonly checks: number;
  readonly beganAtMs: number;
  readonly lastHalfAtMs: number;
  readonly nextCheckAtMs: number;
  readonly parked: boolean;
}

/** A transaction that is not ended. */
export class PendingTransaction extends DeadlineNode {
  readonly transactionId: string;
  halves: HalfMessage[] = [];
  /** How often a producer was asked. */
  checks = 0;
  beganAtMs = 0;
  lastHalfAtMs = 0;
  /** When a producer is asked next; 0 before the first time, which follows from the last message. */
  nextCheckAtMs = 0;
  /** Nobody is asked any more; a person decides. */
  parked = false;
  /** Position of the newest record that is included. */
  includes: LogPosition = 0;
  isDirty = false;
  /** The index on the disk has it, or may have it. */
  isStored = false;
  /** Live only: its end is on its way to the log. */
  claimed = false;

  constructor(transactionId: string) {
    super();
    this.transactionId = transactionId;
  }
}

/** Ends that are remembered at least, so that a second end is told from one that never was. */
const REMEMBERED_ENDS = 10_000;

/** Transactions that are not ended, wholly in memory, and the last that were. */
export class Transactions {
  readonly pending: Map<string, PendingTransaction> = new Map();
  /** In two generations, because a `Map` that is deleted from at its front is slow to find its front again. */
  #ended = new Map<string, TransactionOutcome>();
  #endedBefore = new Map<string, TransactionOutcome>();
  /** Live only: how many messages of a transaction are on their way to the log. */
  readonly #growing = new Map<string, number>();
  readonly #envelope: Envelope;
  /** Ended transactions that the index may have. */
  #removed: string[] = [];

  constructor(envelope: Envelope) {
    this.#envelope = envelope;
  }

  async load(store: KeyValueStore): Promise<void> {
    for await (const slice of store.scan(rangeOf(PREFIX.transaction))) {
      for (const [key, value] of slice) {
        const { includes, reader } = this.#envelope.open(key, value);
        const id = reader.shortText();
        const stored = parse(reader.longText());
        const transaction = Object.assign(new PendingTransaction(id), stored, { halves: [...stored.halves], includes, isStored: true });
        this.pending.set(id, transaction);
      }
    }
  }

  endOf(transactionId: string): TransactionOutcome | undefined {
    return this.#ended.get(transactionId) ?? this.#endedBefore.get(transactionId);
  }

  /** A message of the transaction joins the log; `arrived` follows, whether or not it is stored. */
  grows(transactionId: string): void {
    this.#growing.set(transactionId, (this.#growing.get(transactionId) ?? 0) + 1);
  }

  arrived(transactionId: string): void {
    const left = (this.#growing.get(transactionId) ?? 1) - 1;
    if (left === 0) this.#growing.delete(transactionId);
    else this.#growing.set(transactionId, left);
  }

  /** Messages of it are on their way to the log. */
  isGrowing(transactionId: string): boolean {
    return this.#growing.has(transactionId);
  }

  addHalf(transactionId: string, half: HalfMessage, bornAtMs: number): PendingTransaction {
    let transaction = this.pending.get(transactionId);
    if (transaction === undefined) {
      transaction = new PendingTransaction(transactionId);
      transaction.beganAtMs = bornAtMs;
      this.pending.set(transactionId, transaction);
    }
    if (half.position <= transaction.includes) return transaction;
    transaction.halves.push(half);
    transaction.lastHalfAtMs = bornAtMs;
    touch(transaction, half.position);
    return transaction;
  }

  checked(transactionId: string, check: { checks: number; nextCheckAtMs: number; parked: boolean }, position: LogPosition): void {
    const transaction = this.pending.get(transactionId);
    if (transaction === undefined || position <= transaction.includes) return;
    Object.assign(transaction, check);
    touch(transaction, position);
  }

  /**
   * In a replay after a loss: a message is visible, so that its transaction was committed, whose end may be gone with a block. It waits on for those
   * of its messages that are not.
   */
  published(transactionId: string, half: LogPosition, position: LogPosition): void {
    const transaction = this.pending.get(transactionId);
    if (transaction === undefined || position <= transaction.includes) return;
    const place = transaction.halves.findIndex((one) => one.position === half);
    if (place < 0) return;
    transaction.halves.splice(place, 1);
    touch(transaction, position);
    if (transaction.halves.length === 0) this.end(transactionId, 'commit');
  }

  end(transactionId: string, outcome: TransactionOutcome): void {
    if (this.pending.get(transactionId)?.isStored === true) this.#removed.push(transactionId);
    this.pending.delete(transactionId);
    this.#ended.set(transactionId, outcome);
    if (this.#ended.size < REMEMBERED_ENDS) return;
    this.#endedBefore = this.#ended;
    this.#ended = new Map();
  }

  /** Adds the writes of what changed; the answers are for a write that succeeded and one that was rejected. */
  snapshot(operations: WriteOperation[]): { done: () => void; failed: () => void } {
    const removed = this.#removed;
    this.#removed = [];
    for (const id of removed) operations.push({ key: transactionKey(id), value: undefined });
    const written: PendingTransaction[] = [];
    for (const transaction of this.pending.values()) {
      if (!transaction.isDirty) continue;
      transaction.isDirty = false;
      transaction.isStored = true;
      written.push(transaction);
      operations.push({ key: transactionKey(transaction.transactionId), value: this.#seal(transaction) });
    }
    return {
      done: () => undefined,
      failed: () => {
        this.#removed = [...removed, ...this.#removed];
        for (const transaction of written) transaction.isDirty = true;
      },
    };
  }

  #seal(transaction: PendingTransaction): Uint8Array {
    const { transactionId, halves, checks, beganAtMs, lastHalfAtMs, nextCheckAtMs, parked, includes } = transaction;
    const stored: StoredTransaction = { halves, checks, beganAtMs, lastHalfAtMs, nextCheckAtMs, parked };
    return this.#envelope.seal(transactionKey(transactionId), includes, (writer) => {
      writer.shortText(transactionId);
      writer.longText(JSON.stringify(stored));
    });
  }
}

function touch(transaction: PendingTransaction, position: LogPosition): void {
  transaction.includes = position;
  transaction.isDirty = true;
}

function parse(text: string): StoredTransaction {
  try {
    return JSON.parse(text) as StoredTransaction;
  } catch (cause) {
    throw corrupt('a transaction', cause);
  }
}
