import type { LogEntry } from '../../storage/log/log-entry.ts';
import type { DedupMark } from '../../storage/log/message-extension.ts';
import type { LogPosition } from '../../storage/log-position.ts';
import type { GroupHash } from '../../storage/message-group-hash.ts';

/** A message on its way to the log that a claim follows. */
export interface ClaimedMessage {
  /** Where it lies, once the sequence of its group's first block is known. */
  positionIn(firstSequence: number): LogPosition;
}

/** Whom a claim tells how it has ended. */
export interface ClaimOwner {
  stored(claim: DedupClaim, position: LogPosition, at: { readonly firstSequence: number; readonly storedAtMs: number }): void;
  released(claim: DedupClaim): void;
}

/**
 * The dedup key of a message that is being stored: from the look-up until the commit nobody else stores a message with it. It joins the group
 * of its message, behind all messages of the same call, and once more with each further attempt. A claim that does not get so far is released.
 */
export class DedupClaim implements LogEntry, DedupMark {
  readonly topicId: number;
  readonly key: string;
  readonly hash: GroupHash;
  /** The next one in its bucket; belongs to the claims in flight. */
  next: DedupClaim | undefined = undefined;
  readonly #owner: ClaimOwner;
  #message: ClaimedMessage | undefined;
  #storedAtMs = 0;
  /** Groups that it is part of: an attempt that fails may have been followed by the next one already. */
  #groups = 0;
  #waiting: (() => void)[] | undefined;

  constructor(owner: ClaimOwner, topicId: number, key: string, hash: GroupHash) {
    this.#owner = owner;
    this.topicId = topicId;
    this.key = key;
    this.hash = hash;
  }

  /** The message of the present attempt; the claim is about to join its group. */
  follow(message: ClaimedMessage): void {
    this.#message = message;
    this.#groups++;
  }

  /** Nothing was stored, and nothing will be. */
  release(): void {
    this.#owner.released(this);
    this.settle();
  }

  /** Resolves when it is known whether the message is stored. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  seal(_space: unknown, storedAtMs: number): void {
    this.#storedAtMs = storedAtMs;
  }

  commit(firstSequence: number): void {
    const message = this.#message as ClaimedMessage;
    this.#owner.stored(this, message.positionIn(firstSequence), { firstSequence, storedAtMs: this.#storedAtMs });
  }

  settle(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }

  fail(): void {
    this.#groups--;
    if (this.#groups === 0) this.release();
  }
}
