import { expect } from 'vitest';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import type { ProcessPort } from '../../../src/model/process-port.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { FaultPlan } from '../../../src/platform/memory/fault-plan.ts';
import { faultyStorage } from '../../../src/platform/memory/faulty-storage.ts';
import { memoryStorage } from '../../../src/platform/memory/memory-storage.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { BrokerIndex } from '../../../src/storage/index/broker-index.ts';
import { CheckpointWriter, readCheckpoint } from '../../../src/storage/index/checkpoint-writer.ts';
import { rangeOf } from '../../../src/storage/index/keys.ts';
import type { Block } from '../../../src/storage/log/block.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import { RecordReplay } from '../../../src/storage/recovery/record-replay.ts';
import { StillClock } from '../still-clock.ts';
import { type Draft, type Log, STORE_TAG, type Step } from './random-records.ts';

/** An index that follows a log, with the checkpoints and deaths that the steps ask for. */
export class CheckpointBench {
  readonly log: Log;
  readonly plan: FaultPlan;
  readonly #directory: Directory;
  #store: DurableStore;
  index: BrokerIndex;
  #replay: RecordReplay;
  /** Openings by sequence: whether the end before was unclean. */
  readonly #openings = new Map<number, boolean>();

  private constructor(log: Log, plan: FaultPlan, parts: { directory: Directory; store: DurableStore }) {
    this.log = log;
    this.plan = plan;
    this.#directory = parts.directory;
    this.#store = parts.store;
    this.index = new BrokerIndex(parts.store, portableCrc32);
    this.#replay = new RecordReplay(this.index);
  }

  static async open(log: Log): Promise<CheckpointBench> {
    const plan = new FaultPlan();
    const storage = faultyStorage(memoryStorage(), plan);
    const directory = await storage.acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock: new StillClock() });
    return new CheckpointBench(log, plan, { directory, store: await directory.openStore('index', { create: true }) });
  }

  async commit(given: readonly Draft[]): Promise<void> {
    await this.#apply(this.log.commit(given));
  }

  async run(one: Step): Promise<void> {
    if (one.verb === 'commit') await this.commit(one.drafts);
    else if (one.verb === 'reopen') await this.reopen(one.unclean);
    else await this.checkpoint(one);
  }

  async checkpoint({ fate, meanwhile }: { readonly fate: string; readonly meanwhile: readonly Draft[] }): Promise<void> {
    const sequence = this.log.blocks.length;
    // What happens while the checkpoint is packed: more is committed.
    let between: Promise<void> | undefined;
    const process: ProcessPort = {
      hold: () => () => undefined,
      defer: (fn) => {
        between ??= meanwhile.length === 0 ? Promise.resolve() : this.commit(meanwhile);
        between.then(fn, fn);
      },
    };
    const writer = new CheckpointWriter(this.index, process);
    await writer.capture(sequence);
    await between;
    if (between === undefined && meanwhile.length > 0) await this.commit(meanwhile);
    if (fate === 'rejected' || fate === 'rejectedButWritten') {
      this.plan.failWrite('index', 1, { applied: fate === 'rejectedButWritten' });
      await expect(writer.write({ storeTag: STORE_TAG, sequence, storedAtMs: this.log.nowMs }, this.log.nowMs)).rejects.toThrow(
        'Planned failure',
      );
      // The handle is poisoned; the living process opens the store again, and keeps what it knows.
      this.#store = await this.#reopened();
      return this.index.reopened(this.#store);
    }
    await writer.write({ storeTag: STORE_TAG, sequence, storedAtMs: this.log.nowMs }, this.log.nowMs);
    if (fate === 'crashed') await this.reload();
  }

  async #reopened(): Promise<DurableStore> {
    await this.#store.close();
    return await this.#directory.openStore('index', { create: true });
  }

  async keysUnder(prefix: number): Promise<number> {
    let count = 0;
    for await (const slice of this.#store.scan(rangeOf(prefix))) count += slice.length;
    return count;
  }

  /** A new process: the index as of its checkpoint, and the log behind it. */
  async reload(): Promise<void> {
    this.#store = await this.#reopened();
    this.index = new BrokerIndex(this.#store, portableCrc32);
    const checkpoint = await readCheckpoint(this.index);
    if (checkpoint === undefined) {
      // As an opening does: without a checkpoint nothing that lies in the index can be relied on.
      await this.#store.clear({});
    }
    this.#replay = new RecordReplay(this.index);
    if (checkpoint !== undefined) await this.index.loadCatalogue();
    await this.index.delays.loadCounts(this.#store);
    await this.index.transactions.load(this.#store);
    for (const block of this.log.blocks.slice(checkpoint?.sequence ?? 0)) await this.#apply(block);
  }

  async reopen(unclean: boolean): Promise<void> {
    await this.reload();
    this.#openings.set(this.log.blocks.length + 1, unclean);
    await this.commit([(log) => log.record(RECORD.opened, (builder) => builder.longText('{}'))]);
  }

  /** The same log, applied from its first block to an empty index. */
  async rebuilt(): Promise<BrokerIndex> {
    const other = await CheckpointBench.open(this.log);
    for (const [sequence, unclean] of this.#openings) other.#openings.set(sequence, unclean);
    for (const block of this.log.blocks) await other.#apply(block);
    return other.index;
  }

  async #apply(block: Block): Promise<void> {
    for (let number = 0; number < block.records; number++) {
      const unclean = this.#openings.get(block.sequence);
      if (unclean !== undefined) await this.#replay.releaseProcessLeases(block, number, unclean);
      else await this.#replay.apply(block, number);
    }
    this.index.delays.afterReplay();
  }
}
