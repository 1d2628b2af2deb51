import type { KeyRange, WriteOperation } from '../../model/key-value-port.ts';
import type { ProcessPort } from '../../model/process-port.ts';
import type { BrokerIndex } from './broker-index.ts';
import { CHECKPOINT_KEY } from './keys.ts';
import { snapshotProgress } from './progress-snapshot.ts';

/** One write of a checkpoint; larger ones would hold the index up for its readers. */
const BATCH_BYTES = 1024 * 1024;
/** Values that are packed before the event loop gets its turn. */
const SLICE_VALUES = 512;
/** Runs of dedup keys are larger than other values. */
const SLICE_KEY_RUNS = 2;

/** Where the replay of the next open begins. */
export interface Checkpoint {
  readonly storeTag: number;
  /** Every block up to this one is included in the index. */
  readonly sequence: number;
  readonly storedAtMs: number;
}

/**
 * Brings the index up to date: `capture` packs what changed, and `write` puts it down once a barrier has made the log durable that far,
 * so that the index is never ahead of the log, whatever a power cut takes.
 */
export class CheckpointWriter {
  readonly #index: BrokerIndex;
  readonly #process: ProcessPort;
  readonly #batches: WriteOperation[][] = [];
  #batchBytes = 0;
  /** Packed only when they are written: there may be hundreds of thousands of them. */
  #timerWrites: Iterable<readonly WriteOperation[]> = [];
  readonly #onSuccess: (() => void)[] = [];
  readonly #onFailure: (() => void)[] = [];
  /** What topics and groups left that were deleted before the capture. */
  #deadRanges: KeyRange[] = [];

  constructor(index: BrokerIndex, process: ProcessPort) {
    this.#index = index;
    this.#process = process;
  }

  /**
   * Packs in slices; what changes meanwhile is either in its value, which says so, or listed for the next checkpoint.
   * `sequence` is that of the last block that was committed before.
   */
  async capture(sequence: number): Promise<void> {
    const index = this.#index;
    while (index.dedup.needsPreparation) await index.dedup.prepare();
    const queues = index.dirtyQueues;
    index.dirtyQueues = [];
    const progresses = index.dirtyProgresses;
    index.dirtyProgresses = [];
    for (const queue of queues) queue.listed = false;
    this.#deadRanges = index.deadRanges;
    index.deadRanges = [];
    this.#onFailure.push(() => {
      index.deadRanges = [...this.#deadRanges, ...index.deadRanges];
    });
    const metadata: WriteOperation[] = [];
    this.#onFailure.push(index.catalogue.snapshot(metadata, index.envelope));
    // Before the keys, and written behind them: by what the index has of a transaction a replay frees the keys of its rollback.
    const transactions: WriteOperation[] = [];
    this.#take(index.transactions.snapshot(transactions));
    const keys = index.dedup.snapshot(sequence);
    if (keys !== undefined) this.#onFailure.push(keys.failed);
    let values = 0;
    // Before the topics: an index that knows of a longer window has the keys where they stay as long.
    for (const pack of keys?.packs ?? []) {
      this.#add(pack);
      if (++values % SLICE_KEY_RUNS === 0) await new Promise<void>((resolve) => this.#process.defer(resolve));
    }
    this.#addAll(metadata);
    for (const part of [index.deadLetters, index.applicationValues]) this.#add((operations) => this.#take(part.snapshot(operations)));
    this.#add((operations) => {
      const snapshot = index.delays.snapshot(operations);
      this.#take(snapshot);
      this.#timerWrites = snapshot.writes;
    });
    this.#addAll(transactions);
    values = 0;
    for (const queue of queues) {
      this.#add((operations) => this.#onSuccess.push(queue.snapshot(operations, index.envelope)));
      this.#onFailure.push(() => {
        queue.snapshotFailed();
        index.noteQueue(queue);
      });
      if (++values % SLICE_VALUES === 0) await new Promise<void>((resolve) => this.#process.defer(resolve));
    }
    for (const progress of progresses) {
      this.#add((operations) => snapshotProgress(progress, operations, index.envelope));
      this.#onFailure.push(() => progress.markAllDirty());
      if (++values % SLICE_VALUES === 0) await new Promise<void>((resolve) => this.#process.defer(resolve));
    }
  }

  /**
   * Writes what was captured, makes it durable, and only then moves the checkpoint. What waited for an instant before `passedMs` only to be
   * thrown away then goes.
   */
  async write(checkpoint: Checkpoint, passedMs: number): Promise<void> {
    const { store } = this.#index;
    const { canBarrier } = store;
    const options = { sync: !canBarrier };
    try {
      for (const batch of this.#batches) if (batch.length > 0) await store.write(batch, options);
      for (const part of this.#timerWrites) await store.write(part, options);
      if (canBarrier) await store.barrier();
      await store.write([{ key: CHECKPOINT_KEY, value: sealCheckpoint(this.#index, checkpoint) }], { sync: true });
    } catch (error) {
      for (const undo of this.#onFailure) undo();
      throw error;
    }
    for (const done of this.#onSuccess) done();
    // Not those of a deletion that came later: a power cut may take its record, and what it deleted would be missing.
    for (const range of this.#deadRanges) await store.clear(range);
    const expired = await this.#index.dedup.written(passedMs);
    if (expired !== undefined) await store.clear(expired);
  }

  /** Gives a capture up that will not be written. */
  discard(): void {
    for (const undo of this.#onFailure) undo();
  }

  #take({ done, failed }: { readonly done: () => void; readonly failed: () => void }): void {
    this.#onSuccess.push(done);
    this.#onFailure.push(failed);
  }

  /** One by one: there may be more than a call takes arguments. */
  #addAll(operations: readonly WriteOperation[]): void {
    this.#add((batch) => {
      for (const operation of operations) batch.push(operation);
    });
  }

  /** All operations of one call stay in one atomic write. */
  #add(pack: (operations: WriteOperation[]) => unknown): void {
    let batch = this.#batches.at(-1);
    if (batch === undefined || this.#batchBytes > BATCH_BYTES) {
      batch = [];
      this.#batches.push(batch);
      this.#batchBytes = 0;
    }
    const before = batch.length;
    pack(batch);
    for (let i = before; i < batch.length; i++) this.#batchBytes += (batch[i]?.value?.length ?? 0) + 32;
  }
}

function sealCheckpoint(index: BrokerIndex, checkpoint: Checkpoint): Uint8Array {
  return index.envelope.seal(CHECKPOINT_KEY, 0, (writer) => {
    writer.u32(checkpoint.storeTag);
    writer.u64(checkpoint.sequence);
    writer.u64(checkpoint.storedAtMs);
  });
}

/** The newest completed checkpoint, or `undefined` where there is none: then the whole log is replayed. */
export async function readCheckpoint(index: BrokerIndex): Promise<Checkpoint | undefined> {
  const value = await index.store.get(CHECKPOINT_KEY);
  if (value === undefined) return undefined;
  const { reader } = index.envelope.open(CHECKPOINT_KEY, value);
  return { storeTag: reader.u32(), sequence: reader.u64(), storedAtMs: reader.u64() };
}
