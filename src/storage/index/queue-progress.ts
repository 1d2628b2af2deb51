import type { LeaseHolder, LeaseTerms, ProgressAddress, RetryWait } from '../log/state-records.ts';
import type { LogPosition } from '../log-position.ts';
import type { GroupKey } from '../message-group-hash.ts';
import { chunkOf, SettledOffsets } from './settled-offsets.ts';

/** What the log says of an unsettled message: a lease runs, a retry waits, or it was released and is due. */
export type RecordedState = 'leased' | 'waiting' | 'released';

/** A node of a list of deadlines; the list itself is kept in `delivery/`. Part of the message's state so that a lease costs one allocation. */
export class DeadlineNode {
  /** By the monotonic clock of this process; 0 where it never had a deadline in it. Stays when the deadline is removed. */
  dueAtMs = 0;
  previous: DeadlineNode | undefined = undefined;
  next: DeadlineNode | undefined = undefined;
  list: object | undefined = undefined;
}

/** A message that was delivered to a group and is not settled. */
export class UnsettledMessage extends DeadlineNode {
  readonly offset: number;
  readonly progress: QueueProgress;
  state: RecordedState = 'released';
  /** Deliveries so far; 0 for a redriven dead letter. */
  attempt = 0;
  leaseNumber = 0;
  /** Wall-clock instant at which it becomes visible again. */
  visibleAtMs = 0;
  /** Length of the lease or wait when it began. */
  durationMs = 0;
  holder: LeaseHolder = 'process';
  /** Unclean deaths of the process that held it, in a row. */
  deaths = 0;

  /** Live only: visible now, and listed as such. */
  ready = false;
  /** Live only: who in this process has the lease. */
  owner: object | undefined = undefined;
  /** Live only: a change of it is on its way to the log. */
  claimed = false;
  /** Live only: the message group that it locks, -1 where not looked up yet. */
  groupKey: GroupKey | -1 = -1;

  constructor(progress: QueueProgress, offset: number) {
    super();
    this.progress = progress;
    this.offset = offset;
  }
}

/**
 * The delivery state of one queue for one consumer group, as a function of the log: live commits and replay call the same methods.
 */
export class QueueProgress {
  readonly address: ProgressAddress;
  readonly settled: SettledOffsets;
  /** Next offset that no record of this group has spoken of. */
  frontier: number;
  nextLease = 1;
  readonly unsettled: Map<number, UnsettledMessage> = new Map();
  /** Position of the newest record that is included. */
  includes: LogPosition = 0;
  /** Changed since the last snapshot. */
  dirty = false;
  readonly dirtyChunks: Set<number> = new Set();
  /** Chunks that have a value in the index. */
  readonly storedChunks: Set<number> = new Set();
  /** Chunks whose value the last snapshot deleted; it is there again when that snapshot was rejected. */
  readonly removedChunks: Set<number> = new Set();
  /** Live only: what goes through this queue for the group. */
  live: object | undefined = undefined;
  /** True when the index lists this queue among those with leases of a process; `undefined` where that is unknown. */
  storedInFlight: boolean | undefined = false;

  readonly #onDirty: ((progress: QueueProgress) => void) | undefined;

  /** `onDirty` is absent where no snapshot is ever taken: then nothing is remembered for one. */
  constructor(address: ProgressAddress, start: number, onDirty: ((progress: QueueProgress) => void) | undefined) {
    this.address = address;
    this.#onDirty = onDirty;
    this.settled = new SettledOffsets(start);
    this.frontier = start;
  }

  get floor(): number {
    return this.settled.floor;
  }

  handOut(offset: number, attempt: number, leaseNumber: number, terms: LeaseTerms): UnsettledMessage {
    const message = this.#obtain(offset);
    message.state = 'leased';
    message.attempt = attempt;
    message.leaseNumber = leaseNumber;
    message.visibleAtMs = terms.untilMs;
    message.durationMs = terms.durationMs;
    message.holder = terms.holder;
    if (leaseNumber >= this.nextLease) this.nextLease = leaseNumber + 1;
    if (offset >= this.frontier) this.frontier = offset + 1;
    this.#touch(offset);
    return message;
  }

  /** In replay: a hand-out of a settled message whose redrive a power cut took is void; it is a dead letter still. */
  handOutAgain(offset: number, attempt: number, leaseNumber: number, terms: LeaseTerms): void {
    if (!this.settled.has(offset) || this.unsettled.has(offset)) {
      this.handOut(offset, attempt, leaseNumber, terms);
    } else {
      this.nextLease = Math.max(this.nextLease, leaseNumber + 1);
      this.#touch(offset);
    }
  }

  /** Consumed, dead-lettered or filtered: the group is done with it. */
  settle(offset: number): void {
    const message = this.unsettled.get(offset);
    if (message !== undefined) {
      // Views keep the message; its lease is over for each of them.
      message.leaseNumber = 0;
      this.unsettled.delete(offset);
    }
    const before = this.settled.floor;
    this.settled.add(offset);
    if (offset >= this.frontier) this.frontier = offset + 1;
    this.#touch(offset);
    if (this.#onDirty === undefined) return;
    // Chunks that the floor has passed are of no use in the index any more.
    for (let chunk = chunkOf(before); chunk < chunkOf(this.settled.floor); chunk++) this.dirtyChunks.add(chunk);
  }

  /** A lease that was given back before its time; the delivery has counted. */
  giveBack(offset: number): void {
    const message = this.unsettled.get(offset);
    if (message === undefined) return;
    message.state = 'released';
    message.deaths = 0;
    this.#touch(offset);
  }

  /** A wait whose hand-out a power cut took is void: the message is new again, and must not be there twice. */
  retryLater(wait: RetryWait): void {
    const message = this.unsettled.get(wait.offset);
    if (message === undefined) return;
    message.state = 'waiting';
    message.visibleAtMs = wait.visibleAtMs;
    message.durationMs = wait.delayMs;
    message.deaths = 0;
    this.#touch(wait.offset);
  }

  changeInvisible(offset: number, terms: LeaseTerms): void {
    const message = this.unsettled.get(offset);
    if (message === undefined) return;
    message.state = 'leased';
    message.leaseNumber = terms.firstLease;
    message.visibleAtMs = terms.untilMs;
    message.durationMs = terms.durationMs;
    message.holder = terms.holder;
    if (terms.firstLease >= this.nextLease) this.nextLease = terms.firstLease + 1;
    this.#touch(offset);
  }

  /** The holder of `process` leases is gone: they are visible again; an unclean end is remembered with each of them. */
  releaseProcessLeases(unclean: boolean): void {
    for (const message of this.unsettled.values()) {
      if (message.state !== 'leased' || message.holder !== 'process') continue;
      message.state = 'released';
      message.deaths = unclean ? message.deaths + 1 : 0;
      this.#touch(message.offset);
    }
  }

  /**
   * A dead letter comes back, for this group alone, with its attempts counted anew. After a reset backwards the message may be there already:
   * then it is left as it is.
   */
  redrive(offset: number): UnsettledMessage | undefined {
    if (this.unsettled.has(offset) || !this.settled.has(offset)) return undefined;
    return this.restore(offset);
  }

  /** A dead letter that came back: it was settled, and is not any more. */
  isRedriven(offset: number): boolean {
    return this.settled.has(offset) && this.unsettled.has(offset);
  }

  /** A message as a snapshot has it; the caller fills it in. */
  restore(offset: number): UnsettledMessage {
    const message = this.#obtain(offset);
    message.state = 'released';
    message.attempt = 0;
    message.deaths = 0;
    this.#touch(offset);
    return message;
  }

  /** The group continues at `offset`, whatever it did before. */
  reset(offset: number): void {
    for (const chunk of this.storedChunks) this.dirtyChunks.add(chunk);
    for (const message of this.unsettled.values()) message.leaseNumber = 0;
    this.unsettled.clear();
    this.settled.reset(offset);
    this.frontier = offset;
    this.#touch(offset);
  }

  /** The next snapshot writes everything, because the outcome of the last one is unknown. */
  markAllDirty(): void {
    this.#touch(this.floor);
    for (const chunk of this.removedChunks) this.storedChunks.add(chunk);
    for (const chunk of this.storedChunks) this.dirtyChunks.add(chunk);
    for (const chunk of this.settled.chunks()) this.dirtyChunks.add(chunk);
    for (const offset of this.unsettled.keys()) this.dirtyChunks.add(chunkOf(offset));
    this.storedInFlight = undefined;
  }

  /** Offsets above the floor that are settled. */
  settledAboveFloor(): number {
    return this.settled.countAboveFloor();
  }

  /** How many redriven dead letters there are. */
  unsettledAgain(): number {
    let count = 0;
    for (const offset of this.unsettled.keys()) if (this.isRedriven(offset)) count++;
    return count;
  }

  get hasProcessLeases(): boolean {
    for (const message of this.unsettled.values()) if (message.state === 'leased' && message.holder === 'process') return true;
    return false;
  }

  #obtain(offset: number): UnsettledMessage {
    let message = this.unsettled.get(offset);
    if (message === undefined) {
      message = new UnsettledMessage(this, offset);
      this.unsettled.set(offset, message);
    }
    return message;
  }

  #touch(offset: number): void {
    if (this.#onDirty === undefined) return;
    if (!this.dirty) {
      this.dirty = true;
      this.#onDirty(this);
    }
    this.dirtyChunks.add(chunkOf(offset));
  }
}
