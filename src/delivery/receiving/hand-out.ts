import { instantAfter } from '../../model/instant.ts';
import type { QueuePlace } from '../../model/priority-levels.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import type { StoredMessage } from '../../storage/log/message-record.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { type LeaseTerms, writeHandOut } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { tellDelivered } from '../delivery-events.ts';
import type { LeaseOwner } from '../queues/group-port.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { StateEntry } from '../queues/state-entry.ts';
import { type Pick, putBack } from './pick.ts';

/** Messages of one queue that one consumer gets: the record with their attempts is on disk before anybody sees them. */
export class HandOutEntry extends StateEntry {
  readonly picks: readonly Pick[];
  readonly messages: readonly StoredMessage[];
  readonly terms: LeaseTerms;
  /** When the leases end, by the broker's time. */
  readonly endsAtMs: number;
  /** The messages as the group holds them, once the hand-out is committed. */
  readonly held: UnsettledMessage[] = [];
  readonly #context: DeliveryContext;
  readonly #owner: LeaseOwner;

  constructor(
    queue: GroupQueue,
    context: DeliveryContext,
    what: { owner: LeaseOwner; picks: readonly Pick[]; messages: readonly StoredMessage[]; invisibleMs: number },
  ) {
    super(queue, RECORD.handOut);
    this.#context = context;
    this.#owner = what.owner;
    this.picks = what.picks;
    this.messages = what.messages;
    const { progress } = queue;
    this.terms = {
      firstLease: progress.nextLease,
      untilMs: instantAfter(context.clock.now(), what.invisibleMs),
      durationMs: what.invisibleMs,
      holder: 'process',
    };
    this.endsAtMs = instantAfter(context.time.next(), what.invisibleMs);
    progress.nextLease += what.picks.length;
  }

  get topicName(): string {
    return this.queue.topic.record.name;
  }

  /** The queue as applications see it. */
  get place(): QueuePlace {
    return this.queue.topic.placeOf(this.queue.queue.queueId);
  }

  protected override write(builder: BlockBuilder): void {
    writeHandOut(builder, this.terms, this.picks);
  }

  protected override apply(): void {
    const { queue, terms, picks } = this;
    const { progress } = queue;
    const before = progress.unsettled.size;
    const nowMs = this.#context.clock.monotonic();
    let lease = terms.firstLease;
    for (const pick of picks) {
      const message = progress.handOut(pick.offset, pick.attempt, lease++, terms);
      queue.release(message);
      message.ready = false;
      message.groupKey = pick.groupKey;
      message.owner = this.#owner;
      this.#context.deadlines.add(message, terms.durationMs, nowMs);
      this.held.push(message);
    }
    queue.countUnsettled(progress.unsettled.size - before);
    this.#context.counters.delivered += picks.length;
  }

  protected override undo(): void {
    for (const pick of this.picks) putBack(pick);
  }

  protected override effects(): void {
    tellDelivered(this.#context, this.queue, this.messages, (index) => this.picks[index]?.attempt ?? 1);
  }
}
