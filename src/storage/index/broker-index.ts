import type { DurableStore, KeyRange, KeyValueEntry } from '../../model/key-value-port.ts';
import type { Checksum } from '../checksum.ts';
import type { ProgressAddress } from '../log/state-records.ts';
import { ApplicationValues } from './application-values.ts';
import { CATALOGUE_RANGES, Catalogue, keptWindowOf, type MetadataChange } from './catalogue.ts';
import { ConsumeQueue } from './consume-queue.ts';
import { DeadLetters } from './dead-letters.ts';
import { DedupIndex } from './dedup-index.ts';
import { Delays } from './delays.ts';
import { EntryRun } from './entry-run.ts';
import { Envelope } from './envelope.ts';
import { addressIn, consumeQueueKey, inFlightKey, numberIn, PREFIX, progressKey, rangeOf } from './keys.ts';
import type { Reading } from './overlay.ts';
import { loadProgress } from './progress-snapshot.ts';
import type { QueueProgress } from './queue-progress.ts';
import { Transactions } from './transactions.ts';

/** Runs of consume queues that were read last; each takes up to 20 KiB. */
const CACHED_RUNS = 128;
/** Small values take a hundred bytes of memory and more each, however few of the log they are. */
const MANY_VALUES = 200_000;

/**
 * Everything that is derived from the log, loaded at first use. What changed is listed here until a checkpoint writes it.
 */
export class BrokerIndex {
  readonly catalogue: Catalogue = new Catalogue();
  readonly deadLetters: DeadLetters;
  readonly applicationValues: ApplicationValues;
  readonly delays: Delays;
  readonly transactions: Transactions;
  readonly dedup: DedupIndex;
  readonly envelope: Envelope;
  readonly queues: Map<number, ConsumeQueue> = new Map();
  /** By group id, then topic and queue. */
  readonly progresses: Map<number, Map<number, QueueProgress>> = new Map();
  dirtyQueues: ConsumeQueue[] = [];
  dirtyProgresses: QueueProgress[] = [];
  /** Ranges whose topic or group was deleted. */
  deadRanges: KeyRange[] = [];
  #store: DurableStore;
  /** How queues and delivery states are read; a store that may be opened anew reads over that. */
  reading: Reading = (read) => read();
  readonly #runs = new Map<string, EntryRun>();
  readonly #loadingQueues = new Map<number, Promise<ConsumeQueue>>();
  readonly #loadingProgresses = new Map<string, Promise<QueueProgress>>();

  constructor(store: DurableStore, checksum: Checksum) {
    this.#store = store;
    this.envelope = new Envelope(checksum);
    this.deadLetters = new DeadLetters(store, this.envelope);
    this.applicationValues = new ApplicationValues(store, this.envelope);
    this.delays = new Delays(store, this.envelope);
    this.transactions = new Transactions(this.envelope);
    this.dedup = new DedupIndex(store, this.envelope, this.catalogue);
  }

  get store(): DurableStore {
    return this.#store;
  }

  /** Values that only memory has: a checkpoint is due long before there are as many as these. */
  get holdsManyValues(): boolean {
    return this.applicationValues.pending + this.deadLetters.pending >= MANY_VALUES;
  }

  reopened(store: DurableStore): void {
    this.#store = store;
    this.deadLetters.reopened(store);
    this.applicationValues.reopened(store);
    this.delays.reopened(store);
    this.dedup.reopened(store);
  }

  async loadCatalogue(): Promise<void> {
    for (const range of CATALOGUE_RANGES) {
      for await (const slice of this.#store.scan(range)) {
        for (const [key, value] of slice)
          this.catalogue.load(JSON.parse(this.envelope.open(key, value).reader.longText()) as MetadataChange);
      }
    }
  }

  queue(topicId: number, queueId: number): ConsumeQueue | undefined {
    return this.queues.get(queueNumber(topicId, queueId));
  }

  loadQueue(topicId: number, queueId: number): Promise<ConsumeQueue> {
    const number = queueNumber(topicId, queueId);
    const loaded = this.queues.get(number);
    if (loaded !== undefined) return Promise.resolve(loaded);
    return once(this.#loadingQueues, number, async () => {
      const last = await this.reading(() => this.#lastRun(topicId, queueId, Number.MAX_SAFE_INTEGER));
      const queue = new ConsumeQueue(topicId, queueId, last ?? { end: 0, includes: 0 });
      this.queues.set(number, queue);
      return queue;
    });
  }

  /** A queue that no record has spoken of yet: its topic is new. */
  newQueue(topicId: number, queueId: number): ConsumeQueue {
    const queue = new ConsumeQueue(topicId, queueId, { end: 0, includes: 0 });
    this.queues.set(queueNumber(topicId, queueId), queue);
    return queue;
  }

  /** The run that holds an offset, from memory, or read from the index. */
  async loadRun(queue: ConsumeQueue, offset: number): Promise<EntryRun> {
    const inMemory = queue.runInMemory(offset);
    if (inMemory !== undefined) return inMemory;
    const key = `${queue.topicId}/${queue.queueId}/${Math.floor(offset / 1024)}`;
    const cached = this.#runs.get(key);
    if (cached !== undefined && offset >= cached.first && offset < cached.end) return cached;
    const found = await this.reading(() => this.#lastRun(queue.topicId, queue.queueId, offset + 1));
    const run = found?.run;
    // A checkpoint may have merged the piece away while it was looked up; then it is there under an earlier key, or still in memory.
    if (run === undefined || offset >= run.end) return queue.runInMemory(offset) ?? this.#missingRun(queue, offset);
    this.#runs.delete(key);
    this.#runs.set(key, run);
    if (this.#runs.size > CACHED_RUNS) for (const oldest of this.#runs.keys()) return this.#forgetRun(oldest, run);
    return run;
  }

  progress(address: ProgressAddress): QueueProgress | undefined {
    return this.progresses.get(address.groupId)?.get(queueNumber(address.topicId, address.queueId));
  }

  loadProgress(address: ProgressAddress): Promise<QueueProgress> {
    const loaded = this.progress(address);
    if (loaded !== undefined) return Promise.resolve(loaded);
    const name = `${address.groupId}/${address.topicId}/${address.queueId}`;
    return once(this.#loadingProgresses, name, async () => {
      const progress = await this.reading(() => this.#readProgress(address));
      let ofGroup = this.progresses.get(address.groupId);
      if (ofGroup === undefined) {
        ofGroup = new Map();
        this.progresses.set(address.groupId, ofGroup);
      }
      ofGroup.set(queueNumber(address.topicId, address.queueId), progress);
      return progress;
    });
  }

  /** Loads every delivery state that the index lists as holding leases of a process. */
  async loadInFlight(): Promise<void> {
    for await (const slice of this.#store.scan(rangeOf(PREFIX.inFlight))) {
      for (const [key] of slice) await this.loadProgress(addressIn(key));
    }
  }

  *loadedProgresses(): Generator<QueueProgress> {
    for (const ofGroup of this.progresses.values()) yield* ofGroup.values();
  }

  noteQueue(queue: ConsumeQueue): void {
    if (queue.listed) return;
    queue.listed = true;
    this.dirtyQueues.push(queue);
  }

  /** Takes a change of metadata over, with what a deletion makes void. */
  applyMetadata(change: MetadataChange, position: number): void {
    const before = change.what === 'topic' ? this.catalogue.topics.get(change.record.topicId) : undefined;
    this.catalogue.apply(change, position);
    if (change.what === 'group' && change.record.deleted) this.#forgetGroup(change.record.groupId);
    if (change.what === 'topic' && change.record.deleted) this.#forgetTopic(change.record.topicId, position);
    else if (change.what === 'topic' && before !== undefined && keptWindowOf(change.record) > keptWindowOf(before))
      this.dedup.grew(before.topicId);
  }

  #forgetGroup(groupId: number): void {
    this.progresses.delete(groupId);
    this.deadLetters.forget(groupId);
    const prefixes = [PREFIX.progress, PREFIX.progressChunk, PREFIX.inFlight, PREFIX.deadLetter, PREFIX.subscription];
    for (const prefix of prefixes) this.deadRanges.push(rangeOf(prefix, [groupId, 4]));
  }

  /** Dead letters stay: they point at log records, which live on. */
  #forgetTopic(topicId: number, position: number): void {
    this.delays.forgetTopic(topicId, position);
    for (const [number, queue] of this.queues) if (queue.topicId === topicId) this.queues.delete(number);
    for (const [groupId, ofGroup] of this.progresses) {
      for (const [number, { address }] of ofGroup) if (address.topicId === topicId) ofGroup.delete(number);
      for (const prefix of [PREFIX.progress, PREFIX.progressChunk, PREFIX.inFlight]) {
        this.deadRanges.push(rangeOf(prefix, [groupId, 4], [topicId, 4]));
      }
    }
    this.deadRanges.push(rangeOf(PREFIX.consumeQueue, [topicId, 4]));
  }

  async #readProgress(address: ProgressAddress): Promise<QueueProgress> {
    const key = progressKey(address);
    const [value, inFlight] = await this.#store.getMany([key, inFlightKey(address)]);
    const chunks: KeyValueEntry[] = [];
    if (value !== undefined) {
      const range = rangeOf(PREFIX.progressChunk, [address.groupId, 4], [address.topicId, 4], [address.queueId, 2]);
      for await (const slice of this.#store.scan(range)) chunks.push(...slice);
    }
    const topic = this.catalogue.topics.get(address.topicId);
    const start = topic === undefined ? 0 : this.catalogue.startOf(address.groupId, topic, address.queueId);
    const onDirty = (progress: QueueProgress): unknown => this.dirtyProgresses.push(progress);
    return loadProgress(address, value === undefined ? undefined : [key, value], chunks, {
      envelope: this.envelope,
      start,
      inFlight: inFlight !== undefined,
      onDirty,
    });
  }

  async #lastRun(topicId: number, queueId: number, before: number): Promise<{ run: EntryRun; end: number; includes: number } | undefined> {
    const range = { gte: consumeQueueKey(topicId, queueId, 0), lt: consumeQueueKey(topicId, queueId, before), reverse: true, limit: 1 };
    for await (const slice of this.#store.scan(range)) {
      for (const [key, value] of slice) {
        const { includes, reader } = this.envelope.open(key, value);
        const run = EntryRun.read(reader, numberIn(key, 7, 8));
        return { run, end: run.end, includes };
      }
    }
    return undefined;
  }

  /** Offsets that a power cut took have entries too, so that one without an entry means that the index has lost a value. */
  #missingRun(queue: ConsumeQueue, offset: number): never {
    throw this.envelope.damaged(`the index has no entry for offset ${offset} of queue ${queue.topicId}/${queue.queueId}`);
  }

  #forgetRun(key: string, keep: EntryRun): EntryRun {
    this.#runs.delete(key);
    return keep;
  }
}

function queueNumber(topicId: number, queueId: number): number {
  return topicId * 65_536 + queueId;
}

/** One load at a time for each key; everybody else waits for it. */
function once<K, V>(loading: Map<K, Promise<V>>, key: K, load: () => Promise<V>): Promise<V> {
  let pending = loading.get(key);
  if (pending === undefined) {
    pending = load().finally(() => loading.delete(key));
    loading.set(key, pending);
  }
  return pending;
}
