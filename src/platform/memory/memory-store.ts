import { BrokerError } from '../../model/errors.ts';
import type { DurableStore, KeyRange, KeyValueEntry, WriteOperation } from '../../model/key-value-port.ts';
import type { OrderedBytes } from './ordered-bytes.ts';

const SLICE_ENTRIES = 1_000;
const SLICE_BYTES = 1_048_576;

/** What lies under a store in memory: where its bytes are, and what becomes of a write. */
export interface StoreContent {
  readonly bytes: OrderedBytes;
  /** False once the ground was taken from under the store (a simulated crash). */
  readonly alive: boolean;
  /** Applies the operations at once; the returned function is called when the caller is told so. */
  write(operations: readonly WriteOperation[], sync: boolean): () => void;
  /** Begins to make durable what was told to be written; the returned function ends it. */
  barrier(): () => void;
  syncDirectory(): void;
  closed(): void;
}

/** An ordered store in memory. Every call completes in a microtask, so that whatever uses it is as repeatable as its caller. */
export class MemoryStore implements DurableStore {
  readonly openingNotes: readonly string[] = [];
  readonly canBarrier = true;
  readonly #content: StoreContent;
  #open = true;

  constructor(content: StoreContent) {
    this.#content = content;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    return this.#content.bytes.get(key)?.slice();
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    return keys.map((key) => this.#content.bytes.get(key)?.slice());
  }

  async write(operations: readonly WriteOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    this.#assertOpen();
    const told = this.#content.write(operations, options?.sync === true);
    await undefined;
    this.#assertAlive();
    told();
  }

  async *scan(range: KeyRange): AsyncGenerator<readonly KeyValueEntry[], void, undefined> {
    this.#assertOpen();
    let slice: KeyValueEntry[] = [];
    let bytes = 0;
    for (const [key, value] of this.#content.bytes.range(range)) {
      slice.push([key.slice(), value.slice()]);
      bytes += key.length + value.length;
      if (slice.length >= SLICE_ENTRIES || bytes >= SLICE_BYTES) {
        yield slice;
        this.#assertOpen();
        slice = [];
        bytes = 0;
      }
    }
    if (slice.length > 0) yield slice;
  }

  async clear(range: KeyRange): Promise<void> {
    this.#assertOpen();
    const operations = Array.from(this.#content.bytes.range(range), ([key]): WriteOperation => ({ key, value: undefined }));
    await this.write(operations);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#content.closed();
  }

  async barrier(): Promise<void> {
    this.#assertOpen();
    const done = this.#content.barrier();
    await undefined;
    this.#assertAlive();
    done();
  }

  async syncDirectory(): Promise<void> {
    this.#assertOpen();
    await undefined;
    this.#assertAlive();
    this.#content.syncDirectory();
  }

  #assertOpen(): void {
    if (!this.#open) throw new BrokerError('MQ_BROKER_NOT_OPEN', 'The store is closed; open it again before you use it.');
    this.#assertAlive();
  }

  /** A call under way when its store is closed still ends well, as in LevelDB; one whose process died does not. */
  #assertAlive(): void {
    if (this.#content.alive) return;
    throw new BrokerError('MQ_BROKER_NOT_OPEN', 'The process that held the store has crashed; acquire the storage again.');
  }
}

/** Applies operations in their order. */
export function applyOperations(bytes: OrderedBytes, operations: readonly WriteOperation[]): void {
  for (const { key, value } of operations) {
    if (value === undefined) bytes.delete(key);
    else bytes.set(key, value);
  }
}
