import type { Damage } from '../../model/events.ts';
import type { DurableStore } from '../../model/key-value-port.ts';
import type { Checksum } from '../checksum.ts';
import type { BrokerIndex } from '../index/broker-index.ts';
import { Block, blockKey, sequenceOfKey } from '../log/block.ts';
import { RECORD } from '../log/record-kinds.ts';
import { damagedStore, isCorruption } from '../store-errors.ts';
import { type Gap, readOpened } from './opened-record.ts';
import { RecordReplay } from './record-replay.ts';
import type { ReplayCheckpoints } from './replay-checkpoints.ts';
import { ReplayLoss } from './replay-loss.ts';

/** What a replay found. */
export interface ReplayResult {
  readonly lastSequence: number;
  readonly lastStoredAtMs: number;
  /** Gaps above the low-water mark that no opening has accounted for. */
  readonly gaps: readonly Gap[];
  readonly damages: readonly Damage[];
}

/** Applies the blocks behind a checkpoint to the index, and watches for what is missing or damaged. */
export class Replay {
  readonly #checksum: Checksum;
  readonly #storeTag: number;
  readonly #loss = new ReplayLoss();
  readonly #records: RecordReplay;
  readonly #checkpoints: ReplayCheckpoints;
  readonly #damages: Damage[] = [];
  #gaps: Gap[] = [];
  #lastStoredAtMs: number;

  constructor(index: BrokerIndex, options: { checksum: Checksum; storeTag: number; storedAtMs: number; checkpoints: ReplayCheckpoints }) {
    this.#checkpoints = options.checkpoints;
    this.#checksum = options.checksum;
    this.#storeTag = options.storeTag;
    this.#lastStoredAtMs = options.storedAtMs;
    this.#records = new RecordReplay(index, this.#loss);
  }

  /** @throws BrokerError `MQ_STORE_DAMAGED` when blocks are missing that were durable. */
  async run(log: DurableStore, from: number, lowWater: number): Promise<ReplayResult> {
    let expected = from;
    for await (const slice of log.scan({ gte: blockKey(from) })) {
      for (const [key, value] of slice) {
        const sequence = sequenceOfKey(key);
        if (sequence > expected) {
          this.#gaps.push({ from: expected, to: sequence - 1 });
          this.#loss.lost(expected, sequence - 1);
        }
        expected = sequence + 1;
        await this.#block(sequence, value);
        this.#checkpoints.passed(value.length);
        if (this.#isWhole && this.#checkpoints.isDue) await this.#checkpoints.write({ sequence, storedAtMs: this.#lastStoredAtMs });
      }
    }
    this.#reportLost(lowWater);
    return { lastSequence: expected - 1, lastStoredAtMs: this.#lastStoredAtMs, gaps: this.#gaps, damages: this.#damages };
  }

  /** Nothing is missing that has yet to be reported: the next open would not see what lies before a checkpoint. */
  get #isWhole(): boolean {
    return this.#gaps.length === 0 && this.#damages.length === 0;
  }

  async #block(sequence: number, value: Uint8Array): Promise<void> {
    let block: Block;
    try {
      block = Block.read(value, sequence, this.#checksum);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      this.#loss.lost(sequence, sequence);
      this.#damages.push({ kind: 'corruptBlock', store: 'log', detail: error.message, lostBlocks: 1, position: sequence });
      return;
    }
    if (block.storeTag !== this.#storeTag) throw damagedStore(`Block ${sequence} belongs to another store`);
    this.#lastStoredAtMs = Math.max(this.#lastStoredAtMs, block.storedAtMs);
    for (let number = 0; number < block.records; number++) {
      if (block.record(number).kind === RECORD.opened) await this.#opened(block, number);
      else {
        const pending = this.#records.apply(block, number);
        if (pending !== undefined) await pending;
      }
    }
  }

  async #opened(block: Block, number: number): Promise<void> {
    const opened = readOpened(block, number);
    for (const known of opened.gaps) this.#gaps = this.#gaps.filter((gap) => gap.from < known.from || gap.to > known.to);
    if (opened.healed) return;
    await this.#records.releaseProcessLeases(block, number, opened.unclean);
  }

  #reportLost(lowWater: number): void {
    for (const gap of this.#gaps) {
      if (gap.from <= lowWater)
        throw damagedStore(`Blocks ${gap.from} to ${gap.to} are missing, although everything up to ${lowWater} was durable`);
      const lostBlocks = gap.to - gap.from + 1;
      this.#damages.push({
        kind: 'powerLoss',
        store: 'log',
        detail: `Blocks ${gap.from} to ${gap.to} did not survive`,
        lostBlocks,
        position: gap.from,
      });
    }
    const { dangling, lostMessages } = this.#loss;
    if (dangling > 0) {
      this.#damages.push({
        kind: 'missingBlocks',
        store: 'log',
        detail: `${dangling} records point at what is not there and were dropped`,
        lostMessages: dangling,
      });
    }
    if (lostMessages > 0) {
      this.#damages.push({
        kind: 'missingBlocks',
        store: 'log',
        detail: `${lostMessages} messages were in blocks that are gone`,
        lostMessages,
      });
    }
  }
}
