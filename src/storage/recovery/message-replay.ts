import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { BrokerIndex } from '../index/broker-index.ts';
import type { ConsumeQueue } from '../index/consume-queue.ts';
import { clocksAt } from '../index/delay-clocks.ts';
import type { MessageExtension } from '../log/message-extension.ts';
import { type MessageHead, readExtensionBehindHead, readMessageHead } from '../log/message-record.ts';
import { readPointer } from '../log/pointer-record.ts';
import { readRecall } from '../log/recall-record.ts';
import { RECORD } from '../log/record-kinds.ts';
import { type LogPosition, NO_POSITION } from '../log-position.ts';
import type { ReplayLoss } from './replay-loss.ts';

/** Records that bring a message, or make one visible. */
export const MESSAGE_KINDS: ReadonlySet<number> = new Set([RECORD.message, RECORD.pointer, RECORD.delayed, RECORD.recall, RECORD.half]);

/** What the records of messages do to the index: each message that is visible has its place in a consume queue. */
export class MessageReplay {
  readonly #index: BrokerIndex;
  readonly #loss: ReplayLoss;
  readonly #head: MessageHead = { topicId: 0, queueId: 0, queueOffset: 0, tagHash: 0, groupHigh: 0, groupLow: 0, bornAtMs: 0, flags: 0 };

  /** Of the message whose head was read last. */
  #extension: MessageExtension | undefined;
  /** Transactions by the positions of their messages; only after a loss. */
  #halves: Map<LogPosition, string> | undefined;

  constructor(index: BrokerIndex, loss: ReplayLoss) {
    this.#index = index;
    this.#loss = loss;
  }

  /** Answers a promise only where something has to be loaded first. */
  apply(kind: number, reader: ByteReader, position: LogPosition, storedAtMs: number): Promise<void> | undefined {
    if (kind === RECORD.pointer) return this.#pointer(reader, position);
    if (kind === RECORD.recall) {
      const recall = readRecall(reader);
      const { kind: timer, topicId, dedupHash } = recall;
      this.#index.delays.replayRemove(timer, recall, { position, isLost: this.#loss.has(recall.position) });
      if (dedupHash.high !== 0 || dedupHash.low !== 0) this.#index.dedup.free(topicId, dedupHash, recall.position, storedAtMs);
      return undefined;
    }
    readMessageHead(reader, this.#head);
    this.#extension = readExtensionBehindHead(reader, this.#head.flags);
    this.#dedupKey(position, storedAtMs);
    if (kind === RECORD.delayed || kind === RECORD.half) {
      if (kind === RECORD.delayed) this.#delayed(position);
      else this.#half(position);
      return undefined;
    }
    return this.#visible(this.#head, { position, entry: position });
  }

  /** It waits, unless its topic was deleted later. */
  #delayed(position: LogPosition): void {
    const { topicId, queueId, tagHash, groupHigh, groupLow, bornAtMs } = this.#head;
    const extension = this.#extension;
    if (extension?.deliverAtMs === undefined) throw corrupt('a delay message without a delivery time');
    const clocks = clocksAt(bornAtMs, { deliverAtMs: extension.deliverAtMs, delayMs: extension.delayMs });
    if (clocks !== undefined) this.#index.delays.clocksStood(clocks);
    if (!this.#index.catalogue.topics.has(topicId)) {
      if (topicId >= this.#index.catalogue.nextTopicId) this.#loss.dangling++;
      return;
    }
    const entry = { dueAtMs: extension.deliverAtMs, position, topicId, queueId, tagHash, groupHigh, groupLow };
    this.#index.delays.replayAdd(extension.delayMs === undefined ? 'instant' : 'delay', entry);
  }

  #half(position: LogPosition): void {
    const { topicId, queueId, tagHash, groupHigh, groupLow, bornAtMs } = this.#head;
    const { transactionId, dedup } = this.#extension ?? {};
    if (transactionId === undefined) throw corrupt('a half message without a transaction');
    const half = { position, topicId, queueId, tagHash, groupHigh, groupLow, ...(dedup === undefined ? {} : { dedupHash: dedup.hash }) };
    this.#index.transactions.addHalf(transactionId, half, bornAtMs);
    this.#halves?.set(position, transactionId);
  }

  /** What any message that was stored says of its key, whether it is visible or waits; its head was read last. */
  #dedupKey(position: LogPosition, storedAtMs: number): void {
    const { topicId } = this.#head;
    const mark = this.#extension?.dedup;
    if (mark === undefined || !this.#index.catalogue.topics.has(topicId)) return;
    this.#index.dedup.add(topicId, mark.hash, position, { atMs: storedAtMs, storedAtMs });
  }

  /** A pointer whose message a power cut took keeps its offset, as one that is lost. */
  #pointer(reader: ByteReader, position: LogPosition): Promise<void> | undefined {
    const pointer = readPointer(reader);
    const isLost = this.#loss.has(pointer.target);
    if (isLost) this.#loss.dangling++;
    const { origin, dueAtMs, target, topicId } = pointer;
    if (origin === 'transaction') this.#published(target, position);
    else this.#index.delays.replayRemove(origin, { dueAtMs, position: target, topicId }, { position, isLost });
    return this.#visible(pointer, { position, entry: isLost ? NO_POSITION : position });
  }

  /** Usually the end of its transaction came before, and nothing of it waits. */
  #published(half: LogPosition, position: LogPosition): void {
    if (!this.#loss.isAfterLoss) return;
    const { transactions } = this.#index;
    if (this.#halves === undefined) {
      this.#halves = new Map();
      for (const { transactionId, halves } of transactions.pending.values())
        for (const one of halves) this.#halves.set(one.position, transactionId);
    }
    const transactionId = this.#halves.get(half);
    if (transactionId !== undefined) transactions.published(transactionId, half, position);
  }

  #visible(head: Omit<MessageHead, 'flags' | 'bornAtMs'>, at: { position: LogPosition; entry: LogPosition }): Promise<void> | undefined {
    const queue = this.#index.queue(head.topicId, head.queueId);
    if (queue !== undefined) return this.#publish(queue, head, at);
    if (!this.#index.catalogue.topics.has(head.topicId)) {
      // The topic was deleted later, or its creation is gone with a damaged block.
      if (head.topicId >= this.#index.catalogue.nextTopicId) this.#loss.dangling++;
      return undefined;
    }
    const copy = { ...head };
    return this.#index.loadQueue(head.topicId, head.queueId).then((loaded) => this.#publish(loaded, copy, at));
  }

  #publish(
    queue: ConsumeQueue,
    head: Omit<MessageHead, 'flags' | 'bornAtMs'>,
    at: { position: LogPosition; entry: LogPosition },
  ): undefined {
    const { position, entry } = at;
    if (position <= queue.includes) return;
    // A power cut may have taken the messages before an offset that was given again afterwards.
    if (head.queueOffset < queue.end) throw corrupt(`offset ${head.queueOffset} of queue ${queue.topicId}/${queue.queueId} comes twice`);
    this.#loss.lostMessages += head.queueOffset - queue.end;
    queue.publish(head.queueOffset, entry, head.tagHash, head.groupHigh, head.groupLow);
    queue.includes = position;
    this.#index.noteQueue(queue);
  }
}
