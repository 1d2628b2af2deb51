import type { SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import type { Topic } from '../topic.ts';
import type { DedupClaim } from './dedup-claim.ts';
import type { Deduplication, DedupOutcome, HeldBlocks } from './deduplication.ts';

/** The messages of one call, of which some have dedup keys: which of them are stored, and what the others are answered. */
export class KeyedCall {
  /** Without a key everything is new, and nothing is remembered of it. */
  readonly isKeyed: boolean;
  readonly #drafts: readonly MessageDraft[];
  readonly #blocks: HeldBlocks = new Map();
  #outcomes: readonly DedupOutcome[] = [];

  constructor(drafts: readonly MessageDraft[]) {
    this.#drafts = drafts;
    this.isKeyed = drafts.some(isKeyed);
  }

  /** Claims the keys of what is new. Answers a promise where something has to be waited for; then it is to be called again. */
  claim(deduplication: Deduplication, topicOf: (draft: MessageDraft) => Topic): Promise<void> | undefined {
    if (!this.isKeyed) {
      for (const draft of this.#drafts) topicOf(draft);
      return undefined;
    }
    const requests = this.#drafts.map((draft) => ({ topic: topicOf(draft), key: draft.terms?.dedupKey }));
    const outcomes = deduplication.claimAll(requests, this.#blocks);
    if (outcomes instanceof Promise) return outcomes;
    this.#outcomes = outcomes;
    return undefined;
  }

  /** What is to be stored. */
  get drafts(): readonly MessageDraft[] {
    if (!this.isKeyed) return this.#drafts;
    return this.#drafts.filter((_, index) => this.#outcomes[index]?.kind === 'new');
  }

  /** Its claims, in the same order; none without a key. */
  get claims(): readonly (DedupClaim | undefined)[] {
    return this.#outcomes.flatMap((outcome) => (outcome.kind === 'new' ? [outcome.claim] : []));
  }

  /** The receipts of all messages, from those of what was stored. */
  receipts(stored: readonly SendReceipt[], durability: SendReceipt['durability']): SendReceipt[] {
    if (!this.isKeyed) return [...stored];
    const receipts: SendReceipt[] = [];
    let next = 0;
    for (const outcome of this.#outcomes) {
      if (outcome.kind === 'new') receipts.push(stored[next++] as SendReceipt);
      else if (outcome.kind === 'duplicate') receipts.push({ ...outcome.first, durability });
      else receipts.push({ ...(receipts[outcome.index] as SendReceipt), duplicate: true });
    }
    return receipts;
  }
}

export function isKeyed({ terms }: MessageDraft): boolean {
  return terms?.dedupKey !== undefined;
}
