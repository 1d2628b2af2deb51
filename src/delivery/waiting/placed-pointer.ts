import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import { POINTER_BYTES, type PointerOrigin, writePointer } from '../../storage/log/pointer-record.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type LogPosition, logPosition } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topics } from '../topics.ts';

/** A message that has waited, and the queue in which it becomes visible. */
export interface Located<Waiting extends WaitingMessage> {
  readonly waiting: Waiting;
  readonly queue: ConsumeQueue;
}

/** What its place in a queue needs of a message that waits. */
export interface WaitingMessage {
  readonly position: LogPosition;
  readonly topicId: number;
  readonly queueId: number;
  readonly tagHash: number;
  readonly groupHigh: number;
  readonly groupLow: number;
}

/**
 * The pointer by which a message that has waited becomes visible. It is written when its entry joins the group, as messages are, so that queue offsets
 * rise with log positions; its offset is given when the write starts.
 */
export class PlacedPointer<Waiting extends WaitingMessage> implements Located<Waiting> {
  readonly waiting: Waiting;
  readonly queue: ConsumeQueue;
  readonly #builder: BlockBuilder;
  readonly #offsetAt: number;
  readonly #block: number;
  readonly #record: number;
  #queueOffset = -1;

  constructor(group: CommitGroup, { waiting, queue }: Located<Waiting>, origin: PointerOrigin, dueAtMs: number) {
    this.waiting = waiting;
    this.queue = queue;
    this.#builder = group.room(POINTER_BYTES + 8);
    this.#record = this.#builder.begin(RECORD.pointer);
    const { topicId, queueId, tagHash, groupHigh, groupLow, position: target } = waiting;
    this.#offsetAt = writePointer(this.#builder, { topicId, queueId, target, tagHash, groupHigh, groupLow, origin, dueAtMs });
    this.#builder.end();
    this.#block = group.lastBlock;
  }

  seal(): void {
    this.#queueOffset = this.queue.reserve();
    this.#builder.setU64(this.#offsetAt, this.#queueOffset);
  }

  /** The message is visible now; answers where the pointer lies. */
  publish({ store, arrivals }: DeliveryContext, topics: Topics, firstSequence: number): LogPosition {
    const { index } = store;
    const { topicId, tagHash, groupHigh, groupLow } = this.waiting;
    const position = logPosition(firstSequence + this.#block, this.#record);
    this.queue.publish(this.#queueOffset, position, tagHash, groupHigh, groupLow);
    index.noteQueue(this.queue);
    const name = index.catalogue.topics.get(topicId)?.name;
    const topic = name === undefined ? undefined : topics.loaded(name);
    // A topic that is not loaded has no group that waits.
    if (topic !== undefined && !topic.arrived) arrivals.note(topic);
    return position;
  }

  /** Nothing of it was written. */
  cancel(): void {
    this.queue.cancelReservations();
  }
}
