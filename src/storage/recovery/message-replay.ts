import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { BrokerIndex } from '../index/broker-index.ts';
import type { ConsumeQueue } from '../index/consume-queue.ts';
import { type MessageHead, readExtensionBehindHead, readMessageHead } from '../log/message-record.ts';
import { readPointer } from '../log/pointer-record.ts';
import { RECORD } from '../log/record-kinds.ts';
import { type LogPosition, NO_POSITION } from '../log-position.ts';
import type { ReplayLoss } from './replay-loss.ts';

/** Records that bring a message, or make one visible. */
export const MESSAGE_KINDS: ReadonlySet<number> = new Set([RECORD.message, RECORD.pointer]);

/** What the records of messages do to the index: each message that is visible has its place in a consume queue. */
export class MessageReplay {
  readonly #index: BrokerIndex;
  readonly #loss: ReplayLoss;
  readonly #head: MessageHead = { topicId: 0, queueId: 0, queueOffset: 0, tagHash: 0, groupHigh: 0, groupLow: 0, flags: 0 };

  constructor(index: BrokerIndex, loss: ReplayLoss) {
    this.#index = index;
    this.#loss = loss;
  }

  /** Answers a promise only where something has to be loaded first. */
  apply(kind: number, reader: ByteReader, position: LogPosition, storedAtMs: number): Promise<void> | undefined {
    if (kind === RECORD.pointer) return this.#pointer(reader, position);
    readMessageHead(reader, this.#head);
    this.#dedupKey(reader, position, storedAtMs);
    return this.#visible(this.#head, { position, entry: position });
  }

  /** What any message that was stored says of its key, whether it is visible or waits; its head was read last. */
  #dedupKey(reader: ByteReader, position: LogPosition, storedAtMs: number): void {
    const { topicId, flags } = this.#head;
    const mark = readExtensionBehindHead(reader, flags)?.dedup;
    if (mark === undefined || !this.#index.catalogue.topics.has(topicId)) return;
    this.#index.dedup.add(topicId, mark.hash, position, { atMs: storedAtMs, storedAtMs });
  }

  /** A pointer whose message a power cut took keeps its offset, as one that is lost. */
  #pointer(reader: ByteReader, position: LogPosition): Promise<void> | undefined {
    const pointer = readPointer(reader);
    const isLost = this.#loss.has(pointer.target);
    if (isLost) this.#loss.dangling++;
    return this.#visible(pointer, { position, entry: isLost ? NO_POSITION : position });
  }

  #visible(head: Omit<MessageHead, 'flags'>, at: { position: LogPosition; entry: LogPosition }): Promise<void> | undefined {
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

  #publish(queue: ConsumeQueue, head: Omit<MessageHead, 'flags'>, at: { position: LogPosition; entry: LogPosition }): undefined {
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
