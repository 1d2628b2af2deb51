import type { KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import { type DeadLetterMark, type ProgressAddress, readDeadLetter, writeDeadLetter } from '../log/state-records.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { addressIn, deadLetterKey, PREFIX, rangeOf } from './keys.ts';
import { Overlay, type Reading, successor } from './overlay.ts';

/** A dead letter of a group, in the order of topic, queue and offset. */
export interface StoredDeadLetter {
  readonly address: ProgressAddress;
  readonly mark: DeadLetterMark;
  readonly key: Uint8Array;
}

/** The dead letters of all groups. */
export class DeadLetters {
  readonly #marks: Overlay<DeadLetterMark>;

  constructor(store: KeyValueStore, envelope: Envelope) {
    this.#marks = new Overlay(store, envelope, { write: writeDeadLetter, read: readDeadLetter });
  }

  reopened(store: KeyValueStore): void {
    this.#marks.reopened(store);
  }

  /** How many of them only memory has. */
  get pending(): number {
    return this.#marks.pending;
  }

  put(address: ProgressAddress, mark: DeadLetterMark, includes: LogPosition): void {
    this.#marks.set(deadLetterKey(address, mark.offset), mark, includes);
  }

  remove(address: ProgressAddress, offset: number, includes: LogPosition): void {
    this.#marks.set(deadLetterKey(address, offset), undefined, includes);
  }

  /** The group was deleted. */
  forget(groupId: number): void {
    this.#marks.forget(rangeOf(PREFIX.deadLetter, [groupId, 4]));
  }

  get(address: ProgressAddress, offset: number): Promise<DeadLetterMark | undefined> {
    return this.#marks.get(deadLetterKey(address, offset));
  }

  /** Letters of a group behind `after`, in slices; `reading` reads each of them. */
  async *list(groupId: number, after?: Uint8Array, reading?: Reading): AsyncGenerator<StoredDeadLetter> {
    const { gte, lt } = rangeOf(PREFIX.deadLetter, [groupId, 4]);
    const entries = this.#marks.list({ gte: after === undefined ? gte : successor(after), lt }, undefined, reading);
    for await (const { key, value } of entries) yield { address: addressIn(key), key, mark: value };
  }

  /** Adds the writes of what changed; the answers are for a write that succeeded and one that was rejected. */
  snapshot(operations: WriteOperation[]): { done: () => void; failed: () => void } {
    return this.#marks.snapshot(operations);
  }
}
