import type { Clock } from '../model/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { Damage } from '../model/events.ts';
import { fromHex, toHex } from '../model/hex.ts';
import type { DurableStore } from '../model/key-value-port.ts';
import type { ProcessPort } from '../model/process-port.ts';
import type { Random } from '../model/random.ts';
import type { Directory } from '../model/storage-provider.ts';
import type { Checksum } from './checksum.ts';
import type { BrokerIndex } from './index/broker-index.ts';
import { CheckpointWriter } from './index/checkpoint-writer.ts';
import { CHECKPOINT_KEY } from './index/keys.ts';
import { BlockBuilder, blockKey, sequenceOfKey } from './log/block.ts';
import { CommitLog } from './log/commit-log.ts';
import { overHeals } from './log/over-heals.ts';
import { endOfBlock } from './log-position.ts';
import { encodeMarker, type Marker, storeTagOf } from './recovery/marker.ts';
import { openStores } from './recovery/open-stores.ts';
import { type OpenedRecord, writeOpened } from './recovery/opened-record.ts';
import { isCorruption } from './store-errors.ts';

export interface StoreOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  readonly process: ProcessPort;
  readonly checksum: Checksum;
  readonly cacheBytes: number;
  /** A write or a barrier was rejected: the store must be healed. */
  readonly onFailure: (error: Error) => void;
  readonly onVisible: () => void;
  readonly onDurable: () => void;
  readonly onCommit: (bytes: number) => void;
  /** Damage was found after the opening. */
  readonly onDamage: (damage: Damage) => void;
}

/**
 * Both stores behind one face: the log that is written, and the index that follows it.
 * Opening recovers; a checkpoint moves the point at which the next recovery begins.
 */
export class Store {
  readonly log: CommitLog;
  readonly index: BrokerIndex;
  readonly damages: readonly Damage[];
  /** The end before this opening was no `close()`. */
  readonly unclean: boolean;
  lastCheckpointAtMs: number | undefined;
  readonly #options: StoreOptions;
  readonly #storeTag: number;
  #marker: Marker;
  #logStore: DurableStore;
  #checkpoint: Promise<void> | undefined;
  #indexIsDamaged = false;
  /** What the monotonic clock is behind the time by which this opening began. */
  readonly #clockOffsetMs: number;

  private constructor(
    options: StoreOptions,
    parts: { log: CommitLog; index: BrokerIndex; logStore: DurableStore; marker: Marker; damages: readonly Damage[]; unclean: boolean },
  ) {
    this.#options = options;
    this.log = parts.log;
    this.index = parts.index;
    this.damages = parts.damages;
    this.unclean = parts.unclean;
    this.#logStore = parts.logStore;
    this.#marker = parts.marker;
    this.#storeTag = storeTagOf(parts.marker.storeId);
    this.#clockOffsetMs = parts.log.lastStoredAtMs - options.clock.monotonic();
    parts.index.envelope.onCorrupt = (error) => this.distrustIndex(error);
    parts.index.reading = (read) => this.overHeals(read);
  }

  /** Recovers, writes the opening down durably (which also makes what LevelDB recovered durable), and only then serves. */
  static async open(options: StoreOptions): Promise<Store> {
    const { directory, checksum, clock, process, random } = options;
    const opened = await openStores({ directory, checksum, process, newStoreId: () => newStoreId(random) });
    try {
      const storeTag = storeTagOf(opened.marker.storeId);
      const record: OpenedRecord = {
        storeId: opened.marker.storeId,
        atMs: clock.now(),
        unclean: opened.unclean,
        gaps: opened.replay.gaps,
      };
      const storedAtMs = Math.max(opened.replay.lastStoredAtMs, clock.now());
      const sequence = opened.replay.lastSequence + 1;
      await writeOpening(opened.log, record, { sequence, storedAtMs, storeTag }, checksum);
      await releaseLeases(opened.index, opened.unclean, sequence);
      const marker = { ...opened.marker, lowWater: sequence, clean: false };
      // The opening is durable now, so that a newest log that vanishes whole after a kill is noticed. On a full disk the older bound does too.
      const marking = directory.writeMarker(encodeMarker(marker, checksum));
      await (opened.marker.lowWater === 0 ? marking : marking.catch(() => undefined));
      const log = new CommitLog({
        ...options,
        store: opened.log,
        storeTag,
        nextSequence: sequence + 1,
        lastStoredAtMs: storedAtMs,
      });
      return new Store(options, {
        log,
        index: opened.index,
        logStore: opened.log,
        marker,
        damages: opened.damages,
        unclean: opened.unclean,
      });
    } catch (error) {
      await opened.index.store.close();
      await opened.log.close();
      throw error;
    }
  }

  /** Sixteen bytes that only this store knows. */
  get secret(): Uint8Array {
    return fromHex(this.#marker.storeId);
  }

  /** A checkpoint is due, because memory holds many values that it could write. */
  get holdsManyValues(): boolean {
    return !this.#indexIsDamaged && this.index.holdsManyValues;
  }

  /** One at a time; whoever asks while one runs gets that one. */
  checkpoint(options: { clean?: boolean } = {}): Promise<void> {
    this.#checkpoint ??= this.#runCheckpoint(options.clean ?? false).finally(() => {
      this.#checkpoint = undefined;
    });
    return this.#checkpoint;
  }

  async #runCheckpoint(clean: boolean): Promise<void> {
    const { log, index } = this;
    const sequence = log.committedSequence;
    const writer = new CheckpointWriter(index, this.#options.process);
    try {
      if (!this.#indexIsDamaged) await this.#capture(writer, sequence);
      await log.barriers.flush();
    } catch (error) {
      writer.discard();
      throw error;
    }
    const indexStore = index.store;
    try {
      if (this.#indexIsDamaged) writer.discard();
      else {
        await writer.write({ storeTag: this.#storeTag, sequence, storedAtMs: log.lastStoredAtMs }, this.#passedMs());
        // Found damaged meanwhile: the checkpoint that was removed then has come back.
        if (this.#indexIsDamaged) await this.#removeCheckpoint();
      }
    } catch (error) {
      // A handle whose write was rejected takes no more; one that a heal has replaced meanwhile is nobody's concern.
      if (index.store === indexStore) this.#options.onFailure(error as Error);
      throw error;
    }
    this.#marker = { ...this.#marker, lowWater: sequence, clean };
    await this.#options.directory.writeMarker(encodeMarker(this.#marker, this.#options.checksum));
    this.lastCheckpointAtMs = this.#options.clock.now();
  }

  /** What is found damaged while it is read for the next checkpoint ends the index, and not the log: it is still made durable. */
  async #capture(writer: CheckpointWriter, sequence: number): Promise<void> {
    try {
      await writer.capture(sequence);
    } catch (error) {
      if (!this.#indexIsDamaged || !isCorruption(error)) throw error;
    }
  }

  /** An instant that has passed by every clock: the wall clock, which may step, and the one that runs on while the broker is open. */
  #passedMs(): number {
    return Math.min(this.log.lastStoredAtMs, this.#options.clock.monotonic() + this.#clockOffsetMs);
  }

  /** Without its checkpoint the next open builds the index again from the log; until then what is damaged answers with its error. */
  distrustIndex(error: BrokerError): void {
    if (this.#indexIsDamaged) return;
    this.#indexIsDamaged = true;
    const detail = `${error.message}; the index is built again from the log at the next open`;
    this.#options.onDamage({ kind: 'corruptIndex', store: 'index', detail });
    this.#removeCheckpoint().catch(this.#options.onFailure);
  }

  #removeCheckpoint(): Promise<void> {
    return this.index.store.write([{ key: CHECKPOINT_KEY, value: undefined }], { sync: true });
  }

  /** Opens both stores anew after a rejected write; what was in flight is decided by what is on disk. */
  async heal(): Promise<void> {
    const { directory, checksum, clock } = this.#options;
    this.log.suspend();
    await this.#closeStores();
    const logStore = await directory.openStore('log', { create: false });
    this.#logStore = logStore;
    this.index.reopened(await directory.openStore('index', { create: true }));
    const last = await lastSequenceOf(logStore);
    if (last < this.log.committedSequence) {
      const lost = `The log ends at block ${last} after it was opened anew, although block ${this.log.committedSequence} had been written`;
      throw new BrokerError('MQ_STORE_DAMAGED', `${lost}. Close the broker and open it again; what was lost is reported then`);
    }
    await this.log.resume(logStore, last, async (sequence) => {
      const record: OpenedRecord = { storeId: this.#marker.storeId, atMs: clock.now(), unclean: false, healed: true, gaps: [] };
      await writeOpening(logStore, record, { sequence, storedAtMs: this.log.lastStoredAtMs, storeTag: this.#storeTag }, checksum);
    });
  }

  /** Reads again where a heal has closed the stores under the reader; rejects with its reason where it fails. */
  overHeals<T>(read: () => Promise<T>): Promise<T> {
    return overHeals(this.log, read);
  }

  /** Flushes, checkpoints and closes: nothing has to be replayed next time. */
  async close(): Promise<void> {
    await this.log.drained();
    await this.#checkpoint?.catch(() => undefined);
    try {
      await this.checkpoint({ clean: true });
    } finally {
      await this.abandon();
    }
  }

  /** Closes without a word to the disk: after a failure, or as a simulated death. */
  async abandon(): Promise<void> {
    this.log.barriers.stop(new BrokerError('MQ_BROKER_NOT_OPEN', 'The broker was closed before the write was durable'));
    await this.#closeStores();
  }

  async #closeStores(): Promise<void> {
    await Promise.allSettled([this.#logStore.close(), this.index.store.close()]);
  }
}

async function writeOpening(
  store: DurableStore,
  record: OpenedRecord,
  stamp: { sequence: number; storedAtMs: number; storeTag: number },
  checksum: Checksum,
): Promise<void> {
  const builder = new BlockBuilder();
  writeOpened(builder, record);
  await store.write([{ key: blockKey(stamp.sequence), value: builder.finish(stamp, checksum) }], { sync: true });
  await store.syncDirectory();
}

async function releaseLeases(index: BrokerIndex, unclean: boolean, sequence: number): Promise<void> {
  await index.loadInFlight();
  for (const progress of index.loadedProgresses()) {
    progress.releaseProcessLeases(unclean);
    progress.includes = endOfBlock(sequence);
  }
}

async function lastSequenceOf(store: DurableStore): Promise<number> {
  for await (const slice of store.scan({ reverse: true, limit: 1 })) for (const [key] of slice) return sequenceOfKey(key);
  return 0;
}

function newStoreId(random: Random): string {
  return toHex(random.bytes(16));
}
