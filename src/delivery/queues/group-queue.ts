import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { QueueProgress, UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { GroupKey } from '../../storage/message-group-hash.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topic } from '../topic.ts';
import type { GroupPort } from './group-port.ts';
import { MessageGroupLocks } from './message-group-locks.ts';
import { MessageGroupSuccessions } from './message-group-successions.ts';
import { OffsetHeap } from './offset-heap.ts';
import { QueueReading } from './queue-reading.ts';

/**
 * One queue as one consumer group goes through it: what is due again, what is new, which message groups are locked.
 * `progress` is what the log knows; everything else here is derived from it and lives as long as the process.
 */
export class GroupQueue {
  readonly group: GroupPort;
  readonly topic: Topic;
  readonly queue: ConsumeQueue;
  readonly progress: QueueProgress;
  readonly locks: MessageGroupLocks = new MessageGroupLocks();
  /** Offsets below the frontier that are visible and unsettled. */
  readonly ready: OffsetHeap = new OffsetHeap();
  /** Next offset to look at; what lies between the progress' frontier and this is claimed, passed over, or filtered. */
  examined: number;
  /** Rises with every reset, and when the queue is dropped. */
  generation = 0;
  /** A reset is on its way to the log: nothing is picked until then. */
  frozen = false;
  /** The group goes through it no more: deliveries that are still under way end in it, but are not the group's. */
  dropped = false;
  /** Filtered offsets whose record is not on its way yet. */
  skipped: number[] = [];
  /** Expired offsets whose record is not on its way yet. */
  outOfDate: number[] = [];
  readonly reading: QueueReading;
  readonly #context: DeliveryContext;
  readonly #successions: MessageGroupSuccessions;

  constructor(context: DeliveryContext, group: GroupPort, topic: Topic, parts: { queue: ConsumeQueue; progress: QueueProgress }) {
    this.#context = context;
    this.group = group;
    this.topic = topic;
    this.queue = parts.queue;
    this.progress = parts.progress;
    this.examined = parts.progress.frontier;
    this.reading = new QueueReading(context, group, parts.queue);
    this.#successions = new MessageGroupSuccessions(context, this, this.reading);
  }

  /** Something is being read that may bring messages. */
  get isLoading(): boolean {
    return this.reading.pending > 0 || this.#successions.isSearching;
  }

  get hasWork(): boolean {
    return this.reading.isIdle && !this.frozen && (this.ready.size > 0 || this.examined < this.queue.end);
  }

  /** The first offset that is due again; those that somebody changes, or that have to wait, are dropped until they are due again. */
  firstDue(): number | undefined {
    const { ready, progress } = this;
    for (let offset = ready.top; offset !== undefined; offset = ready.top) {
      const message = progress.unsettled.get(offset);
      if (message === undefined || (message.ready && !message.claimed && !this.#waitsForSuspect(message))) return offset;
      ready.pop();
    }
    return undefined;
  }

  /** The message is on its way to a consumer. */
  claim(message: UnsettledMessage): void {
    message.claimed = true;
    message.ready = false;
    if (this.#isSuspect(message)) this.#context.suspects.start(message);
  }

  /** A message that was on its way to a consumer is due again at once. */
  offerAgain(offset: number): void {
    if (this.group.isPull) {
      this.examined = Math.min(this.examined, offset);
      return;
    }
    const message = this.progress.unsettled.get(offset);
    if (message !== undefined) {
      message.claimed = false;
      message.ready = true;
      this.#context.suspects.ended(message);
    }
    this.ready.push(offset);
  }

  /** A message below the frontier is visible again. */
  makeReady(offset: number): void {
    this.ready.push(offset);
    this.group.wake();
  }

  /** A message is settled: whoever waited behind it in its message group is next. */
  unlock(groupKey: GroupKey, offset: number): void {
    if (groupKey === 0 || !this.group.ordered) return;
    this.#successions.unlock(groupKey, offset);
  }

  /** The group has so many more messages in flight or waiting, or fewer. */
  countUnsettled(change: number): void {
    if (!this.dropped) this.group.unsettled += change;
  }

  /** The group continues at `offset`: everything that was known about its way is void. */
  restart(offset: number): void {
    this.generation++;
    this.forget();
    this.countUnsettled(-this.progress.unsettled.size);
    this.progress.reset(offset);
    this.examined = offset;
    this.frozen = false;
  }

  /** A pull consumer reads on from `offset`: what was picked is void, what the group has settled stays as it is. */
  continueAt(offset: number): void {
    this.generation++;
    this.forget();
    this.examined = offset;
  }

  /** A reset joins the log: what is picked or leased until then is void, and nobody changes it any more. A pull consumer's picks change nothing. */
  freeze(): void {
    this.frozen = true;
    if (this.group.isPull) return;
    this.generation++;
    for (const message of this.progress.unsettled.values()) message.claimed = true;
  }

  /** A change of a message is committed. A reset that has joined the log behind it keeps the message: what came now would be written behind the reset. */
  release(message: UnsettledMessage): void {
    message.claimed = this.frozen;
  }

  /** The reset did not happen; a pull consumer goes on where it was. */
  thaw(): void {
    this.frozen = false;
    if (this.group.isPull) return;
    this.examined = this.progress.frontier;
    for (const message of this.progress.unsettled.values()) this.group.unclaim(message);
  }

  /** Takes the live state back: deadlines, locks, what is due. */
  forget(): void {
    for (const message of this.progress.unsettled.values()) {
      this.#context.deadlines.remove(message);
      this.#context.suspects.ended(message);
      message.ready = false;
    }
    this.ready.clear();
    this.locks.clear();
    this.skipped = [];
    this.outOfDate = [];
  }

  /** A dead letter is delivered again, as attempt 1, in the order of its message group. */
  comeBack(offset: number): void {
    const message = this.progress.redrive(offset);
    if (message === undefined) return;
    this.countUnsettled(1);
    this.#bringBack(message, offset);
  }

  #bringBack(message: UnsettledMessage, offset: number): void {
    this.reading.load(
      async () => {
        if (this.progress.unsettled.get(offset) !== message) return;
        const run = await this.#context.store.index.loadRun(this.queue, offset);
        if (this.dropped) return;
        message.groupKey = this.group.ordered ? run.groupKeyAt(offset) : 0;
        message.ready = true;
        if (message.groupKey === 0 || this.locks.comeBack(message.groupKey, offset)) this.ready.push(offset);
      },
      () => this.#bringBack(message, offset),
    );
  }

  /** Reads what comes first, so that a first receive sees all queues and not only those that happen to be in memory. */
  preload(): Promise<void> {
    return this.reading.preload(this.ready.top ?? this.examined);
  }

  #waitsForSuspect(message: UnsettledMessage): boolean {
    if (!this.#isSuspect(message)) return false;
    // A reset may have come before its turn: the offset is to be gone through anew then.
    return this.#context.suspects.holds(message, () => {
      if (this.progress.unsettled.get(message.offset) === message) this.makeReady(message.offset);
    });
  }

  #isSuspect(message: UnsettledMessage): boolean {
    return this.#context.suspects.isSuspect(message, this.group.maxAttempts);
  }
}
