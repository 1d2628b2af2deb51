import type { WriteOperation } from '../../model/key-value-port.ts';
import type { Random } from '../../model/random.ts';
import { applyOperations, type StoreContent } from './memory-store.ts';
import { OrderedBytes } from './ordered-bytes.ts';

/** A write that a power cut may take. */
interface PendingWrite {
  readonly operations: readonly WriteOperation[];
  /** The store's user was told that it is written, so that a barrier covers it. */
  told: boolean;
  /** It will survive, although one before it may not. */
  synced: boolean;
  /** An opening has moved it into a table, which lasts once the directory is synced. */
  recovered: boolean;
}

/**
 * Which of the writes that nothing made durable a power cut leaves.
 *
 * @public
 * @since 0.1.0
 */
export interface PowerCutOptions {
  /** Decides how many of them survive; without it none does. */
  readonly random?: Random;
  /** Any subset may survive, not only the first ones: LevelDB drops a damaged block of its log and keeps what follows. */
  readonly holes?: boolean;
}

/** One store of a simulated disk: what its users see, and what a power cut would leave of it. */
export class SimulatedStore implements StoreContent {
  readonly #bytes: OrderedBytes;
  #durable: OrderedBytes;
  #pending: PendingWrite[];
  #exists: boolean;
  #alive = true;
  #isOpen = false;

  constructor(
    bytes: OrderedBytes = new OrderedBytes(),
    durable: OrderedBytes = new OrderedBytes(),
    pending: readonly PendingWrite[] = [],
    exists: boolean = false,
  ) {
    this.#bytes = bytes;
    this.#durable = durable;
    // What an earlier process was not told of, nobody waits for any more.
    this.#pending = pending.map((write) => ({ ...write, told: true }));
    this.#exists = exists;
  }

  get bytes(): OrderedBytes {
    return this.#bytes;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  opened(): void {
    this.#isOpen = true;
    for (const write of this.#pending) write.recovered = true;
  }

  closed(): void {
    this.#isOpen = false;
  }

  write(operations: readonly WriteOperation[], sync: boolean): () => void {
    const own = operations.map(({ key, value }): WriteOperation => ({ key: key.slice(), value: value?.slice() }));
    applyOperations(this.#bytes, own);
    const write: PendingWrite = { operations: own, told: false, synced: false, recovered: false };
    this.#pending.push(write);
    return () => {
      write.told = true;
      if (sync) {
        write.synced = true;
        this.#exists = true;
        this.#settle();
      }
    };
  }

  barrier(): () => void {
    const covered = this.#pending.filter((write) => write.told);
    return () => {
      for (const write of covered) write.synced = true;
      this.#exists = true;
      this.#settle();
    };
  }

  syncDirectory(): void {
    this.#exists = true;
    for (const write of this.#pending) if (write.recovered) write.synced = true;
    this.#settle();
  }

  /** The process is gone: what was written is there, and this object answers its old users no more. */
  afterCrash(): SimulatedStore {
    this.#alive = false;
    return new SimulatedStore(this.#bytes, this.#durable, this.#pending, this.#exists);
  }

  /** The power is gone: `undefined` when nothing of the store was ever made durable, so that it is not there at all. */
  afterPowerCut(options: PowerCutOptions): SimulatedStore | undefined {
    this.#alive = false;
    if (!this.#exists) return undefined;
    const survives = survivors(this.#pending, options);
    const left = this.#durable.clone();
    for (const write of this.#pending) if (write.synced || survives.has(write)) applyOperations(left, write.operations);
    return new SimulatedStore(left, left.clone(), [], true);
  }

  clone(): SimulatedStore {
    return new SimulatedStore(this.#bytes.clone(), this.#durable.clone(), this.#pending, this.#exists);
  }

  /** Changes the content behind everybody's back; everything counts as durable afterwards. */
  tamper(change: (bytes: OrderedBytes) => void): void {
    change(this.#bytes);
    this.#pending = [];
    this.#durable = this.#bytes.clone();
    this.#exists = true;
  }

  /** Folds what is durable and has nothing undecided before it, so that memory is not held for it. */
  #settle(): void {
    let count = 0;
    for (const write of this.#pending) {
      if (!write.synced) break;
      applyOperations(this.#durable, write.operations);
      count += 1;
    }
    if (count > 0) this.#pending = this.#pending.slice(count);
  }
}

function survivors(pending: readonly PendingWrite[], { random, holes }: PowerCutOptions): ReadonlySet<PendingWrite> {
  const unsynced = pending.filter((write) => !write.synced);
  if (random === undefined) return new Set();
  if (holes === true) return new Set(unsynced.filter(() => random.next() < 0.5));
  return new Set(unsynced.slice(0, Math.floor(random.next() * (unsynced.length + 1))));
}
