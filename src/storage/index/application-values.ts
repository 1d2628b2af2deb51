import type { KeyRange, KeyValueStore, WriteOperation } from '../../model/key-value-port.ts';
import type { LogPosition } from '../log-position.ts';
import type { Envelope } from './envelope.ts';
import { PREFIX } from './keys.ts';
import { Overlay, type Reading } from './overlay.ts';

/** Values of the application by its own keys, which are bytes here. */
export class ApplicationValues {
  readonly #values: Overlay<Uint8Array>;

  constructor(store: KeyValueStore, envelope: Envelope) {
    this.#values = new Overlay(store, envelope, {
      write: (writer, value) => writer.raw(value),
      read: (reader) => reader.raw(reader.left).slice(),
    });
  }

  reopened(store: KeyValueStore): void {
    this.#values.reopened(store);
  }

  /** How many values only memory has. */
  get pending(): number {
    return this.#values.pending;
  }

  put(key: Uint8Array, value: Uint8Array, includes: LogPosition): void {
    this.#values.set(keyOf(key), value, includes);
  }

  remove(key: Uint8Array, includes: LogPosition): void {
    this.#values.set(keyOf(key), undefined, includes);
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#values.get(keyOf(key));
  }

  /** Keys and values of a range, in the order of their bytes or against it; at most `limit`. `reading` reads each part of them. */
  async *list({ gte, lt, reverse = false, limit }: KeyRange, reading?: Reading): AsyncGenerator<[key: Uint8Array, value: Uint8Array]> {
    const end = lt === undefined ? new Uint8Array([PREFIX.application + 1]) : keyOf(lt);
    const entries = this.#values.list({ gte: keyOf(gte ?? new Uint8Array(0)), lt: end, reverse }, limit, reading);
    for await (const { key, value } of entries) yield [key.subarray(1), value];
  }

  snapshot(operations: WriteOperation[]): { done: () => void; failed: () => void } {
    return this.#values.snapshot(operations);
  }
}

function keyOf(key: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(key.length + 1);
  prefixed[0] = PREFIX.application;
  prefixed.set(key, 1);
  return prefixed;
}
