import { BrokerError, invariant } from '../../model/errors.ts';
import type { DurableStore } from '../../model/key-value-port.ts';
import { blockSequenceOf, type LogPosition } from '../log-position.ts';
import { Barriers } from './barriers.ts';
import { Block, blockKey } from './block.ts';
import { BlockAges } from './block-ages.ts';
import { BlockCache } from './block-cache.ts';
import { BrokerTime } from './broker-time.ts';
import { BuilderPool, CommitGroup } from './commit-group.ts';
import type { CommitLogOptions } from './commit-log-options.ts';
import type { LogEntry } from './log-entry.ts';
import { overHeals } from './over-heals.ts';

/** A group is closed at this size; the next one waits behind it. */
const GROUP_BYTES = 4 * 1024 * 1024;
/** Less than this is not worth a write of its own while its companions are still being encoded. */
const EARLY_BYTES = 32 * 1024;

/**
 * The only journal. Whatever changes joins the open group; one write is in flight, and the next group gathers meanwhile,
 * so that no timer decides how large a group is.
 */
export class CommitLog {
  readonly barriers: Barriers;
  readonly cache: BlockCache;
  readonly ages: BlockAges;
  /** Begins with the wall clock at the opening, or with the newest block where that is later; no block is stamped with less. */
  readonly time: BrokerTime;
  readonly #options: CommitLogOptions;
  readonly #pool = new BuilderPool();
  #store: DurableStore;
  #groups: CommitGroup[] = [];
  #writing: CommitGroup | undefined;
  #scheduled: 'none' | 'turn' | 'microtask' = 'none';
  #failed = false;
  /** Why nothing can be read now, and perhaps ever; `undefined` while the stores serve, or are being opened again for the first time. */
  refusal: Error | undefined;
  /** Why nothing will ever be written again; `undefined` while it may. */
  ended: Error | undefined;
  #nextSequence: number;
  #committedSequence: number;
  #lastStoredAtMs: number;
  /** Bytes that came together the last time, over a write and the one right behind it. */
  #burstBytes = 0;
  #writingBytes = 0;
  #idle: (() => void)[] = [];
  #afterCommit: (() => void)[] = [];
  /** Bytes that wait or are being written. */
  queuedBytes = 0;
  writtenBytes = 0;
  writtenBlocks = 0;
  commits = 0;
  /** How often it has gone on with stores that were opened anew. */
  resumes = 0;

  constructor(options: CommitLogOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#nextSequence = options.nextSequence;
    this.#committedSequence = options.nextSequence - 1;
    this.#lastStoredAtMs = options.lastStoredAtMs;
    this.time = new BrokerTime(options.clock, Math.max(options.clock.now(), options.lastStoredAtMs));
    this.cache = new BlockCache(options.cacheBytes);
    this.ages = new BlockAges(options.clock, options.lastStoredAtMs);
    this.barriers = new Barriers(options.store, options.clock, { failure: (error) => this.#fail(error), durable: options.onDurable });
  }

  /** Nothing is written at the moment, because the stores have failed and are being opened again, or because it has ended. */
  get isSuspended(): boolean {
    return this.#failed;
  }

  /** Sequence of the last block that was committed. */
  get committedSequence(): number {
    return this.#committedSequence;
  }

  get lastStoredAtMs(): number {
    return this.#lastStoredAtMs;
  }

  /** The group that an entry of a message joins; it is written as soon as the write in flight is done. */
  open(): CommitGroup {
    this.#flushEarly();
    const group = this.#last();
    if (this.#writing === undefined && this.#scheduled !== 'microtask') {
      this.#scheduled = 'microtask';
      queueMicrotask(() => this.#flush());
    }
    return group;
  }

  /** The group that an entry of pure state joins: on an idle log it waits for the end of the turn, because others of the turn will follow. */
  openLater(): CommitGroup {
    const group = this.#last();
    if (this.#writing === undefined && this.#scheduled === 'none') {
      this.#scheduled = 'turn';
      this.#options.process.defer(() => this.#flush());
    }
    return group;
  }

  join(group: CommitGroup, entry: LogEntry, bytes: number): void {
    const ended = this.ended;
    if (ended !== undefined) return queueMicrotask(() => entry.fail(ended));
    invariant(!group.sealed, 'an entry joins a group whose write has started');
    group.entries.push(entry);
    group.bytes += bytes;
    this.queuedBytes += bytes;
  }

  /** The block in memory, to be looked into at once and not kept; `undefined` when it has to be read. */
  cached(position: LogPosition): Block | undefined {
    return this.cache.peek(blockSequenceOf(position));
  }

  /** @throws BrokerError `MQ_STORE_CORRUPT` when the block is gone or damaged. */
  async read(sequence: number): Promise<Block> {
    const known = this.cache.lend(sequence);
    if (known !== undefined) return known;
    const bytes = await overHeals(this, () => this.#store.get(blockKey(sequence)));
    if (bytes === undefined) throw new BrokerError('MQ_STORE_CORRUPT', `Block ${sequence} of the commit log is missing`);
    const block = Block.read(bytes, sequence, this.#options.checksum);
    this.cache.putRead(block);
    return block;
  }

  /** Resolves when nothing waits to be written. */
  drained(): Promise<void> {
    if (this.ended !== undefined || (this.#writing === undefined && this.#groups.length === 0)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Resolves when the next group is committed or abandoned; a group is started where there is none. */
  nextCommit(): Promise<void> {
    if (this.ended !== undefined) return Promise.resolve();
    this.openLater();
    return new Promise((resolve) => {
      this.#afterCommit.push(resolve);
    });
  }

  /** Starts no further write until `resume`: the stores are about to be opened anew, also when it was the index that failed. */
  suspend(): void {
    this.#failed = true;
  }

  /**
   * Goes on with a store that was opened anew and whose last block is `lastSequence`. What was in flight is decided by that:
   * it is there, or it is written again under the same sequences. `writeOpening` puts the block that makes all of it durable.
   */
  async resume(store: DurableStore, lastSequence: number, writeOpening: (sequence: number) => Promise<void>): Promise<void> {
    this.#store = store;
    const group = this.#writing;
    if (group !== undefined && group.builders.length > 0 && lastSequence < group.lastSequence) {
      invariant(lastSequence < group.firstSequence, `the log ends at ${lastSequence}, inside a group of one atomic write`);
      await store.write(this.#operations(group), { sync: true });
    }
    // The opening of a heal that failed may be there.
    if (group === undefined && lastSequence >= this.#nextSequence) await store.clear({ gte: blockKey(this.#nextSequence) });
    await writeOpening(this.#nextSequence);
    this.#nextSequence++;
    this.#failed = false;
    this.refusal = undefined;
    this.resumes++;
    // First of all: who waits for a barrier from now on needs one of the new store.
    this.barriers.reopened(store);
    if (group !== undefined) this.#committed(group);
    else this.#committedSequence = this.#nextSequence - 1;
    this.#flush();
  }

  /** What waits is not on disk and will not be; its entries are told so. What is in flight may be there: only a `resume` can tell. */
  refuseWaiting(error: Error): void {
    this.refusal = error;
    const groups = this.#groups;
    this.#groups = [];
    this.#refuse(groups, error);
  }

  /** Nothing is written any more, for ever: whoever waits or is in flight fails, and so does what joins from now on. */
  end(error: Error): void {
    this.ended = error;
    this.refusal = error;
    this.#failed = true;
    const groups = this.#writing === undefined ? this.#groups : [this.#writing, ...this.#groups];
    this.#writing = undefined;
    this.#groups = [];
    this.#refuse(groups, error);
    this.#wakeIdle();
    this.barriers.end(error);
  }

  #refuse(groups: readonly CommitGroup[], error: Error): void {
    for (const group of groups) {
      this.queuedBytes -= group.bytes;
      for (const entry of group.entries) entry.fail(error);
    }
    this.#wakeAfterCommit();
  }

  #last(): CommitGroup {
    const last = this.#groups.at(-1);
    if (last !== undefined && last.bytes < GROUP_BYTES) return last;
    const group = new CommitGroup(this.#pool);
    this.#groups.push(group);
    return group;
  }

  /** Of many sends that come in one turn the first half is written while the other half is still being encoded. */
  #flushEarly(): void {
    const group = this.#groups[0];
    if (this.#writing !== undefined || group === undefined) return;
    if (group.bytes < Math.max(EARLY_BYTES, this.#burstBytes / 2)) return;
    group.isFirstHalf = true;
    this.#flush();
  }

  #flush(): void {
    this.#scheduled = 'none';
    if (this.#writing !== undefined || this.#failed) return;
    const group = this.#groups.shift();
    if (group === undefined) return this.#wakeIdle();
    this.#writing = group;
    this.#burstBytes = this.#writingBytes + group.bytes;
    this.#writingBytes = group.bytes;
    this.#lastStoredAtMs = Math.max(this.#lastStoredAtMs, this.#options.clock.now(), this.time.now());
    this.ages.stamped(this.#nextSequence, this.#lastStoredAtMs);
    const stamp = { firstSequence: this.#nextSequence, storedAtMs: this.#lastStoredAtMs, storeTag: this.#options.storeTag };
    const operations = group.seal(stamp, this.#options.checksum);
    this.#nextSequence += group.builders.length;
    // Also a group that nobody wants durable: what is durable later may depend on it, and a synced write covers nothing but itself.
    const sync = !this.#store.canBarrier;
    const written = operations.length === 0 ? Promise.resolve() : this.#store.write(operations, sync ? SYNC : ASYNC);
    // Copied while the write is under way; the cache gets them when they are on disk.
    group.blocks = group.builders.map((builder) => this.cache.own(builder.written()));
    // A group that was given up or resumed meanwhile has had its answer.
    const committed = (): unknown => this.#writing === group && this.#committed(group);
    written.then(committed, (error: Error) => this.#fail(error));
  }

  #operations(group: CommitGroup): ReturnType<CommitGroup['operations']> {
    return group.operations({ storedAtMs: this.#lastStoredAtMs, storeTag: this.#options.storeTag }, this.#options.checksum);
  }

  /** Visible first, so that hand-outs join the next group; then that group starts; then whoever waited is told. */
  #committed(group: CommitGroup): void {
    this.#writing = undefined;
    this.commits++;
    this.#committedSequence = this.#nextSequence - 1;
    this.barriers.wrote();
    let bytes = 0;
    for (const block of group.blocks) {
      bytes += block.bytes.length;
      this.cache.put(block);
    }
    this.writtenBytes += bytes;
    this.writtenBlocks += group.builders.length;
    this.queuedBytes -= group.bytes;
    for (const entry of group.entries) entry.commit(group.firstSequence);
    group.recycle();
    this.#options.onVisible();
    if (this.#groups.length > 0) this.#flush();
    else this.#writingBytes = 0;
    for (const entry of group.entries) entry.settle();
    this.#wakeAfterCommit();
    if (!this.#sharesBarrier(group)) this.barriers.request();
    this.#options.onCommit(bytes);
    if (this.#writing === undefined && this.#groups.length === 0) this.#wakeIdle();
  }

  /** One barrier serves both halves of a burst, and the second half asks for it. */
  #sharesBarrier(group: CommitGroup): boolean {
    return group.isFirstHalf && this.#writing?.needsBarrier === true;
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailure(error);
  }

  #wakeAfterCommit(): void {
    const waiters = this.#afterCommit;
    this.#afterCommit = [];
    for (const resolve of waiters) resolve();
  }

  #wakeIdle(): void {
    const waiters = this.#idle;
    this.#idle = [];
    for (const resolve of waiters) resolve();
  }
}

const SYNC = { sync: true } as const;
const ASYNC = { sync: false } as const;
