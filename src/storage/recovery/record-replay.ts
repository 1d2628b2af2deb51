import { BrokerError } from '../../model/errors.ts';
import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { BrokerIndex } from '../index/broker-index.ts';
import type { MetadataChange } from '../index/catalogue.ts';
import type { QueueProgress } from '../index/queue-progress.ts';
import { readApplicationKey } from '../log/application-record.ts';
import type { Block } from '../log/block.ts';
import { RECORD } from '../log/record-kinds.ts';
import {
  type DeadLetterMark,
  type ProgressAddress,
  readAddress,
  readChangeInvisible,
  readDeadLetters,
  readHandOut,
  readOffsets,
  readRetryWaits,
} from '../log/state-records.ts';
import { readTransactionCheck, readTransactionEnd } from '../log/transaction-records.ts';
import { type LogPosition, logPosition } from '../log-position.ts';
import { lostOffsets } from './lost-offsets.ts';
import { MESSAGE_KINDS, MessageReplay } from './message-replay.ts';
import { ReplayLoss } from './replay-loss.ts';

/**
 * What each kind of record does to the index. Every value says up to which position it is complete, so that a record is applied once,
 * however often it is replayed.
 */
export class RecordReplay {
  readonly messages: MessageReplay;
  readonly #index: BrokerIndex;
  readonly #loss: ReplayLoss;

  constructor(index: BrokerIndex, loss: ReplayLoss = new ReplayLoss()) {
    this.#index = index;
    this.#loss = loss;
    this.messages = new MessageReplay(index, loss);
  }

  /** Answers a promise where something may have to be loaded first; what a message or a value does is usually done at once. */
  apply(block: Block, number: number): Promise<void> | undefined {
    const bounds = block.record(number);
    const { kind } = bounds;
    const position = logPosition(block.sequence, number);
    const reader = block.readerAt(bounds);
    if (MESSAGE_KINDS.has(kind)) return this.messages.apply(kind, reader, position, block.storedAtMs);
    if (kind === RECORD.metadata) {
      this.#metadata(reader, position);
      return undefined;
    }
    if (kind === RECORD.applicationPut || kind === RECORD.applicationDelete) {
      this.#value(kind, reader, position);
      return undefined;
    }
    if (kind === RECORD.transactionEnd || kind === RECORD.transactionCheck) {
      this.#transaction(kind, reader, { position, storedAtMs: block.storedAtMs });
      return undefined;
    }
    if (!STATE_KINDS.has(kind)) throw unknownKind(kind, block.sequence);
    return this.#state(kind, reader, position);
  }

  /** An opening ends every lease whose holder lived in the process before it. */
  async releaseProcessLeases(block: Block, number: number, unclean: boolean): Promise<void> {
    const position = logPosition(block.sequence, number);
    await this.#index.loadInFlight();
    for (const progress of this.#index.loadedProgresses()) {
      if (progress.includes >= position) continue;
      progress.releaseProcessLeases(unclean);
      progress.includes = position;
    }
  }

  #metadata(reader: ByteReader, position: LogPosition): void {
    const text = reader.longText();
    let change: MetadataChange;
    try {
      change = JSON.parse(text) as MetadataChange;
    } catch (cause) {
      throw corrupt('a metadata record', cause);
    }
    this.#index.applyMetadata(change, position);
  }

  #transaction(kind: number, reader: ByteReader, { position, storedAtMs }: { position: LogPosition; storedAtMs: number }): void {
    const { transactions, dedup } = this.#index;
    if (kind === RECORD.transactionEnd) {
      const { transactionId, outcome } = readTransactionEnd(reader);
      const halves = outcome === 'rollback' ? (transactions.pending.get(transactionId)?.halves ?? []) : [];
      for (const { topicId, dedupHash, position: half } of halves)
        if (dedupHash !== undefined) dedup.free(topicId, dedupHash, half, storedAtMs);
      transactions.end(transactionId, outcome);
      return;
    }
    const check = readTransactionCheck(reader);
    transactions.checked(check.transactionId, check, position);
  }

  /** A checkpoint packs the values in one go, so that it includes a record whole or not; to do it again in order does no harm. */
  #value(kind: number, reader: ByteReader, position: LogPosition): void {
    const key = readApplicationKey(reader);
    if (kind === RECORD.applicationDelete) this.#index.applicationValues.remove(key, position);
    else this.#index.applicationValues.put(key, reader.raw(reader.left).slice(), position);
  }

  async #state(kind: number, reader: ByteReader, position: LogPosition): Promise<void> {
    const address = readAddress(reader);
    const { catalogue } = this.#index;
    if (
      !catalogue.groups.has(address.groupId) ||
      (!catalogue.topics.has(address.topicId) && kind !== RECORD.redrive && kind !== RECORD.purge)
    ) {
      if (address.groupId >= catalogue.nextGroupId || address.topicId >= catalogue.nextTopicId) this.#loss.dangling++;
      return;
    }
    const lost = this.#loss.isAfterLoss ? await lostOffsets(this.#index, address, { kind, reader, position }) : NOTHING_LOST;
    this.#loss.dangling += lost.size;
    this.#letters(address, kind, reader, { position, lost });
    if (kind === RECORD.purge) return;
    const progress = this.#index.progress(address) ?? (await this.#index.loadProgress(address));
    if (position <= progress.includes) return;
    this.#change(progress, kind, reader, lost);
    progress.includes = position;
  }

  /**
   * What a record does to the dead letters. They are not part of a queue's state: a checkpoint packs them earlier, so that the state may include
   * a record that they do not. Doing it again does no harm, as long as all records behind the checkpoint are done in their order.
   */
  #letters(address: ProgressAddress, kind: number, reader: ByteReader, at: { position: LogPosition; lost: ReadonlySet<number> }): void {
    const { deadLetters } = this.#index;
    const { position, lost } = at;
    const put = (mark: DeadLetterMark): void => {
      if (!lost.has(mark.offset)) deadLetters.put(address, mark, position);
    };
    const remove = (first: number, count: number): void => {
      for (let offset = first; offset < first + count; offset++) deadLetters.remove(address, offset, position);
    };
    const start = reader.at;
    if (kind === RECORD.deadLetter) readDeadLetters(reader, put);
    else if (kind === RECORD.purge) readOffsets(reader, remove);
    else if (kind === RECORD.redrive) {
      reader.skip(1);
      readOffsets(reader, remove);
    }
    reader.move(start, reader.end);
  }

  /** A group that was brought to the end of a queue follows it when a power cut took that end. */
  #withinQueue({ topicId, queueId }: ProgressAddress, offset: number): number {
    if (!this.#loss.isAfterLoss) return offset;
    return Math.min(offset, this.#index.queue(topicId, queueId)?.end ?? offset);
  }

  #change(progress: QueueProgress, kind: number, reader: ByteReader, lost: ReadonlySet<number>): void {
    switch (kind) {
      case RECORD.handOut:
        return readHandOut(reader, (offset, attempt, lease, terms) => {
          if (!lost.has(offset)) progress.handOutAgain(offset, attempt, lease, terms);
        });
      case RECORD.ack:
      case RECORD.filtered:
      case RECORD.expired:
        return readOffsets(reader, (first, count) => {
          for (let offset = first; offset < first + count; offset++) if (!lost.has(offset)) progress.settle(offset);
        });
      case RECORD.giveBack:
        return readOffsets(reader, (first, count) => {
          for (let offset = first; offset < first + count; offset++) progress.giveBack(offset);
        });
      case RECORD.retryWait:
        return readRetryWaits(reader, (wait) => progress.retryLater(wait));
      case RECORD.changeInvisible: {
        const { offset, terms } = readChangeInvisible(reader);
        return progress.changeInvisible(offset, terms);
      }
      case RECORD.deadLetter:
        return readDeadLetters(reader, (mark) => {
          if (!lost.has(mark.offset)) progress.settle(mark.offset);
        });
      case RECORD.reset:
      case RECORD.position:
        return progress.reset(this.#withinQueue(progress.address, reader.u64()));
      case RECORD.redrive: {
        if (reader.u8() === 1) return;
        return readOffsets(reader, (first, count) => {
          // What a power cut left of the delivery before may not have come as far as this message: then it is simply new.
          for (let offset = first; offset < first + count; offset++) if (offset < progress.frontier) progress.redrive(offset);
        });
      }
      default:
        throw unknownKind(kind, 0);
    }
  }
}

const NOTHING_LOST: ReadonlySet<number> = new Set();
const STATE_KINDS: ReadonlySet<number> = new Set([
  RECORD.handOut,
  RECORD.ack,
  RECORD.filtered,
  RECORD.expired,
  RECORD.giveBack,
  RECORD.retryWait,
  RECORD.changeInvisible,
  RECORD.deadLetter,
  RECORD.reset,
  RECORD.position,
  RECORD.redrive,
  RECORD.purge,
]);

function unknownKind(kind: number, sequence: number): BrokerError {
  return new BrokerError(
    'MQ_STORE_FORMAT_UNSUPPORTED',
    `Block ${sequence} holds a record of kind ${kind}, which a newer version wrote. Nothing was changed`,
  );
}
