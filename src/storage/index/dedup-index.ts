import type { DurableStore, KeyRange, WriteOperation } from '../../model/key-value-port.ts';
import { dedupWindowOf } from '../../model/topic.ts';
import { endOfBlock, type LogPosition } from '../log-position.ts';
import type { GroupHash } from '../message-group-hash.ts';
import { type Catalogue, keptWindowOf } from './catalogue.ts';
import { type DedupChange, DedupChanges, type DedupChunk, readChanges } from './dedup-changes.ts';
import type { DedupCandidate } from './dedup-segment.ts';
import { DedupTable } from './dedup-table.ts';
import type { Envelope } from './envelope.ts';
import { dedupKey, numberIn, PREFIX, rangeOf } from './keys.ts';

/** Values of one minute leave the index together, when the windows of all their keys are over. */
const BUCKET_MS = 60_000;

/** What a checkpoint takes of the dedup keys. */
export interface DedupSnapshot {
  /** Each adds one or a few writes. */
  readonly packs: readonly ((operations: WriteOperation[]) => void)[];
  /** The writes were rejected, or given up. */
  readonly failed: () => void;
}

/**
 * The dedup keys whose windows are not over: in memory from the first send that has one, in the index as runs of changes. A run lies in the
 * minute in which the last window of its keys ends, so that each minute can be thrown away whole. The order of changes does not matter: a
 * message that was taken back never comes again.
 */
export class DedupIndex {
  readonly #catalogue: Catalogue;
  readonly #envelope: Envelope;
  #store: DurableStore;
  /** Complete from the end of the first loading on. */
  #table: DedupTable | undefined;
  #loading: Promise<void> | undefined;
  /** Changes since the loading began. */
  #late: DedupChanges | undefined;
  #changes: DedupChanges;
  /** Changes that a running checkpoint has taken. */
  #captured: DedupChanges | undefined;
  /** Topics whose keys lie in minutes that have become too early. */
  #grown = new Set<number>();
  #isPreparing = false;
  /** The first minute that the index may have values of; `undefined` while it is not known. */
  #firstBucket: number | undefined;
  #newestStoredAtMs = 0;

  constructor(store: DurableStore, envelope: Envelope, catalogue: Catalogue) {
    this.#store = store;
    this.#envelope = envelope;
    this.#catalogue = catalogue;
    this.#changes = this.#noChanges();
  }

  reopened(store: DurableStore): void {
    this.#store = store;
  }

  /** Every key is in memory: a key that is not found was not sent. */
  get isLoaded(): boolean {
    return this.#table !== undefined;
  }

  /** Keys in memory. */
  get size(): number {
    return this.#table?.size ?? 0;
  }

  /** Messages that may have a key, also those whose windows are over; `undefined` where there is none for sure. Only once the keys are loaded. */
  find(topicId: number, hash: GroupHash): DedupCandidate[] | undefined {
    return this.#table?.find(topicId, hash);
  }

  /** A message with a key was stored. `atMs` is the time by which its window runs while this process lives, `storedAtMs` that of its block. */
  add(topicId: number, hash: GroupHash, position: LogPosition, at: { readonly atMs: number; readonly storedAtMs: number }): void {
    this.#table?.add(topicId, hash, position, at.atMs);
    this.#note(topicId, hash, position, at.storedAtMs);
  }

  /** A message was taken back: its key is free. `storedAtMs` is that of the block which says so. Also for a replay, and for a key that is not known. */
  free(topicId: number, hash: GroupHash, position: LogPosition, storedAtMs: number): void {
    this.#table?.remove(topicId, hash, position);
    this.#note(topicId, hash, -position, storedAtMs);
  }

  /** Resolves once every key is in memory whose window is not over at `nowMs`. */
  load(nowMs: number): Promise<void> {
    if (this.#table !== undefined) return Promise.resolve();
    this.#loading ??= this.#load(nowMs).finally(() => {
      this.#loading = undefined;
      this.#late = undefined;
    });
    return this.#loading;
  }

  /** Gives back the memory of keys whose windows are over, a part of them at each step. */
  *sweep(nowMs: number): Generator<void> {
    if (this.#table !== undefined) yield* this.#table.sweep(nowMs);
  }

  /** The keys of a topic are kept longer than before. */
  grew(topicId: number): void {
    this.#grown.add(topicId);
  }

  /** Whether a snapshot needs `prepare` first. */
  get needsPreparation(): boolean {
    return this.#grown.size > 0;
  }

  /** Before a snapshot: writes once more what lies in minutes that have become too early. */
  async prepare(): Promise<void> {
    const grown = this.#grown;
    this.#grown = new Set();
    this.#isPreparing = true;
    try {
      await this.#scan(0, (change) => {
        if (grown.has(change.topicId)) this.#changes.push(change.topicId, change.hash, signed(change), change.storedAtMs);
      });
    } catch (error) {
      for (const topicId of grown) this.#grown.add(topicId);
      throw error;
    } finally {
      this.#isPreparing = false;
    }
  }

  /** Takes what has changed since the last one. `sequence` is the checkpoint's: the runs of one minute have different ones. */
  snapshot(sequence: number): DedupSnapshot | undefined {
    if (this.#changes.isEmpty) return undefined;
    const captured = this.#changes;
    this.#captured = captured;
    this.#changes = this.#noChanges();
    return {
      packs: captured.chunks.map((chunk, part) => (operations) => this.#pack(chunk, { sequence, part }, operations)),
      failed: () => {
        this.#changes = this.#noChanges([...captured.chunks, ...this.#changes.chunks]);
        this.#captured = undefined;
      },
    };
  }

  /** The snapshot is in the index. Answers the values that can go, because every window was over at `nowMs`. */
  async written(nowMs: number): Promise<KeyRange | undefined> {
    // Who reads the index at the moment looks at them afterwards.
    if (this.#loading === undefined) for (const chunk of this.#captured?.chunks ?? []) chunk.recycle();
    this.#captured = undefined;
    this.#firstBucket ??= await this.#findFirstBucket();
    const bucket = bucketOf(nowMs);
    if (this.#firstBucket >= bucket) return undefined;
    this.#firstBucket = undefined;
    return { gte: rangeOf(PREFIX.dedup).gte, lt: rangeOf(PREFIX.dedup, [bucket, 8]).gte };
  }

  #noChanges(chunks?: DedupChunk[]): DedupChanges {
    return new DedupChanges((topicId, storedAtMs) => storedAtMs + this.#keptMs(topicId) > this.#newestStoredAtMs, chunks);
  }

  #note(topicId: number, hash: GroupHash, signedPosition: number, storedAtMs: number): void {
    this.#newestStoredAtMs = storedAtMs;
    this.#changes.push(topicId, hash, signedPosition, storedAtMs);
    this.#late?.push(topicId, hash, signedPosition, storedAtMs);
  }

  async #load(nowMs: number): Promise<void> {
    const windowOf = (topicId: number): number => this.#windowMs(topicId);
    const table = new DedupTable(windowOf);
    const freed = new Set<LogPosition>();
    const take = ({ topicId, hash, position, storedAtMs, isFreed }: DedupChange): void => {
      if (isFreed) {
        freed.add(position);
        table.remove(topicId, hash, position);
      } else if (storedAtMs > nowMs - windowOf(topicId) && !freed.has(position)) table.load(topicId, hash, position, storedAtMs);
    };
    // A checkpoint that ends while the index is read may have written these behind the reader's back.
    const unwritten = [this.#captured, this.#changes];
    const late = this.#noChanges();
    this.#late = late;
    const areSomeTooEarly = this.#isPreparing || this.needsPreparation;
    await this.#scan(areSomeTooEarly ? 0 : bucketOf(nowMs), take);
    for (const changes of [...unwritten, late]) changes?.each(take);
    this.#table = table;
  }

  async #scan(fromBucket: number, each: (change: DedupChange) => void): Promise<void> {
    const range = { gte: rangeOf(PREFIX.dedup, [fromBucket, 8]).gte, lt: rangeOf(PREFIX.dedup).lt };
    for await (const slice of this.#store.scan(range)) {
      for (const [key, value] of slice) readChanges(this.#envelope.open(key, value).reader, each);
    }
  }

  async #findFirstBucket(): Promise<number> {
    for await (const slice of this.#store.scan({ ...rangeOf(PREFIX.dedup), limit: 1 }))
      for (const [key] of slice) return numberIn(key, 1, 8);
    return Number.POSITIVE_INFINITY;
  }

  /** One value for each minute in which windows of the chunk end; usually that is one. */
  #pack(chunk: DedupChunk, run: { readonly sequence: number; readonly part: number }, operations: WriteOperation[]): void {
    const byBucket = new Map<number, number[]>();
    for (let number = 0; number < chunk.count; number++) {
      const keptMs = this.#keptMs(chunk.topicAt(number));
      if (keptMs === 0) continue;
      const bucket = bucketOf(chunk.instantAt(number) + keptMs);
      const numbers = byBucket.get(bucket);
      if (numbers === undefined) byBucket.set(bucket, [number]);
      else numbers.push(number);
    }
    for (const [bucket, numbers] of byBucket) {
      const key = dedupKey(bucket, run.sequence, run.part);
      operations.push({ key, value: this.#envelope.seal(key, endOfBlock(run.sequence), (writer) => chunk.write(writer, numbers)) });
      if (this.#firstBucket !== undefined && bucket < this.#firstBucket) this.#firstBucket = bucket;
    }
  }

  /** 0 for a topic that was deleted. */
  #windowMs(topicId: number): number {
    const topic = this.#catalogue.topics.get(topicId);
    return topic === undefined ? 0 : dedupWindowOf(topic.options);
  }

  #keptMs(topicId: number): number {
    const topic = this.#catalogue.topics.get(topicId);
    return topic === undefined ? 0 : keptWindowOf(topic);
  }
}

/** The minute of an instant; a window may be longer than any instant can tell. */
function bucketOf(atMs: number): number {
  return Math.floor(Math.min(atMs, Number.MAX_SAFE_INTEGER) / BUCKET_MS);
}

function signed({ position, isFreed }: DedupChange): number {
  return isFreed ? -position : position;
}
