import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { TimerKind } from '../../storage/index/delays.ts';
import type { TimerEntry } from '../../storage/index/timer-rows.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import { POINTER_BYTES, writePointer } from '../../storage/log/pointer-record.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { logPosition } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topics } from '../topics.ts';

/** A message that is due, and its pointer in the group. */
export interface DueMessage {
  readonly timer: TimerEntry;
  readonly queue: ConsumeQueue;
}

interface PlacedPointer extends DueMessage {
  readonly builder: BlockBuilder;
  readonly offsetAt: number;
  readonly block: number;
  readonly record: number;
  queueOffset: number;
}

/**
 * Messages whose time has come: a pointer for each. The pointers are written when the entry joins, as messages are, so that queue offsets rise
 * with log positions.
 */
export class DueEntry implements LogEntry {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #kind: TimerKind;
  readonly #pointers: readonly PlacedPointer[];
  readonly #onEnd: (error: Error | undefined) => void;

  constructor(
    context: DeliveryContext,
    topics: Topics,
    what: { kind: TimerKind; due: readonly DueMessage[]; group: CommitGroup; onEnd: (error: Error | undefined) => void },
  ) {
    this.#context = context;
    this.#topics = topics;
    this.#kind = what.kind;
    this.#onEnd = what.onEnd;
    this.#pointers = what.due.map((due) => placed(what.kind, due, what.group));
  }

  seal(): void {
    for (const pointer of this.#pointers) {
      pointer.queueOffset = pointer.queue.reserve();
      pointer.builder.setU64(pointer.offsetAt, pointer.queueOffset);
    }
  }

  commit(firstSequence: number): void {
    const { index } = this.#context.store;
    for (const { queue, timer, queueOffset, block, record } of this.#pointers) {
      const position = logPosition(firstSequence + block, record);
      queue.publish(queueOffset, position, timer.tagHash, timer.groupHigh, timer.groupLow);
      index.noteQueue(queue);
      index.delays.settled(this.#kind, timer, position);
      const name = index.catalogue.topics.get(timer.topicId)?.name;
      const topic = name === undefined ? undefined : this.#topics.loaded(name);
      // A topic that is not loaded has no group that waits.
      if (topic !== undefined && !topic.arrived) this.#context.arrivals.note(topic);
    }
  }

  settle(): void {
    this.#onEnd(undefined);
  }

  fail(error: Error): void {
    const timers = this.#context.store.index.delays.of(this.#kind);
    for (const { queue, timer } of this.#pointers) {
      queue.cancelReservations();
      timers.release(timer.position);
    }
    this.#onEnd(error);
  }
}

function placed(kind: TimerKind, due: DueMessage, group: CommitGroup): PlacedPointer {
  const { timer, queue } = due;
  const builder = group.room(POINTER_BYTES + 8);
  const record = builder.begin(RECORD.pointer);
  const { topicId, queueId, tagHash, groupHigh, groupLow, dueAtMs, position: target } = timer;
  const offsetAt = writePointer(builder, { topicId, queueId, target, tagHash, groupHigh, groupLow, origin: kind, dueAtMs });
  builder.end();
  return { timer, queue, builder, offsetAt, block: group.lastBlock, record, queueOffset: -1 };
}
