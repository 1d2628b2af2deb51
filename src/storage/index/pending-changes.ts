import type { KeyRange } from '../../model/key-value-port.ts';
import type { LogPosition } from '../log-position.ts';
import { SortedNames } from './sorted-names.ts';

/** What becomes of a key: a value, or its removal. */
export interface Change<V> {
  readonly key: Uint8Array;
  readonly value: V | undefined;
  readonly includes: LogPosition;
}

/** The newest change of each key, found by key and in key order. */
export class PendingChanges<V> {
  /** By key as text, its bytes as characters, so that text order is key order. */
  readonly #changes = new Map<string, Change<V>>();
  readonly #names = new SortedNames();

  get size(): number {
    return this.#changes.size;
  }

  get(name: string): Change<V> | undefined {
    return this.#changes.get(name);
  }

  set(name: string, change: Change<V>): void {
    const before = this.#changes.size;
    this.#changes.set(name, change);
    if (this.#changes.size > before) this.#names.add(name);
  }

  entries(): Iterable<[name: string, change: Change<V>]> {
    return this.#changes;
  }

  /** Names of a range in key order, or against it. */
  namesIn({ gte, lt, reverse = false }: KeyRange, most: number): string[] {
    const first = gte === undefined ? '' : nameOf(gte);
    return this.#names.in({ first, end: lt === undefined ? undefined : nameOf(lt), reverse, most });
  }

  forget(range: KeyRange): void {
    for (const name of this.namesIn(range, Number.POSITIVE_INFINITY)) {
      this.#changes.delete(name);
      this.#names.delete(name);
    }
  }
}

/** A key as text. */
export function nameOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
