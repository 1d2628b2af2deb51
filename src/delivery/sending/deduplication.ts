import { BrokerError } from '../../model/errors.ts';
import type { SendReceipt } from '../../model/message.ts';
import { dedupWindowOf } from '../../model/topic.ts';
import type { Block } from '../../storage/log/block.ts';
import { type FirstMessage, readFirstMessage } from '../../storage/log/first-message.ts';
import { blockSequenceOf, type LogPosition } from '../../storage/log-position.ts';
import { type GroupHash, hashMessageGroup } from '../../storage/message-group-hash.ts';
import { isCorruption } from '../../storage/store-errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { reportDamage } from '../delivery-events.ts';
import type { Topic } from '../topic.ts';
import { ClaimsInFlight } from './claims-in-flight.ts';
import { type ClaimOwner, DedupClaim } from './dedup-claim.ts';

/** A message that is about to be stored; without a key nothing can be a duplicate. */
export interface DedupRequest {
  readonly topic: Topic;
  readonly key: string | undefined;
}

/** The receipt of a message that is there already, without the durability, which changes. */
type FirstReceipt = Omit<SendReceipt, 'durability'>;

/** What becomes of a message: it is stored, it is a duplicate of a stored one, or it repeats an earlier message of the same call. */
export type DedupOutcome =
  | { readonly kind: 'new'; readonly claim: DedupClaim | undefined }
  | { readonly kind: 'duplicate'; readonly first: FirstReceipt }
  | { readonly kind: 'repeated'; readonly index: number };

/** Blocks that a call has read to compare keys, kept until it is decided; `undefined` for one that is damaged. */
export type HeldBlocks = Map<number, Block | undefined>;

const NOTHING: readonly LogPosition[] = [];
const NEW: DedupOutcome = { kind: 'new', claim: undefined };

/**
 * Stores a message once within the window of its topic. Whoever stores messages claims their keys in the turn in which they join the log, and
 * lets the claims join with them.
 */
export class Deduplication implements ClaimOwner {
  /** Called when a key was stored: there will be something to sweep. */
  onStored: () => void = () => undefined;
  readonly #context: DeliveryContext;
  readonly #hash: (key: string) => GroupHash;
  /** Keys of messages on their way to the log. */
  readonly #claims = new ClaimsInFlight();
  /** The commit that was told last, and when that was: all messages of a group are stored at once. */
  #commit = { firstSequence: 0, atMs: 0 };

  constructor(context: DeliveryContext, hash: (key: string) => GroupHash = hashMessageGroup) {
    this.#context = context;
    this.#hash = hash;
  }

  /** Whether claims can be made: every key is in memory. */
  get isReady(): boolean {
    return this.#context.store.index.dedup.isLoaded;
  }

  /** Resolves when claims can be made. @throws BrokerError `MQ_STORE_CORRUPT` where a damaged index does not tell all keys */
  async ready(): Promise<void> {
    const { store, time } = this.#context;
    try {
      await store.overHeals(() => store.index.dedup.load(time.now()));
    } catch (error) {
      throw isCorruption(error) ? unknownKeys(error) : error;
    }
  }

  /** The usual case, without a list and without a wait: a key that is new for sure. Otherwise nothing, and `claimAll` finds out. */
  claimNew(topic: Topic, key: string): DedupClaim | undefined {
    if (!this.isReady) return undefined;
    const { topicId } = topic.record;
    const hash = this.#hash(key);
    if (this.#claims.get(topicId, key, hash.low) !== undefined || this.#find(topic, hash) !== NOTHING) return undefined;
    return this.#claim(topicId, key, hash);
  }

  /**
   * Claims the keys of a call, all or none; only once it is ready. A promise says that something has to be waited for: a message with one of the
   * keys on its way to the log, or a block to read into `blocks`. Then nothing is claimed, and the call asks again.
   */
  claimAll(requests: readonly DedupRequest[], blocks: HeldBlocks): DedupOutcome[] | Promise<void> {
    const outcomes: DedupOutcome[] = [];
    const waits: Promise<void>[] = [];
    try {
      for (const { topic, key } of requests) {
        const outcome = key === undefined ? NEW : this.#decide(topic, key, { outcomes, blocks });
        if (outcome instanceof Promise) waits.push(outcome);
        // Holds the place of one that is not known yet.
        outcomes.push(outcome instanceof Promise ? NEW : outcome);
      }
    } catch (error) {
      releaseAll(outcomes);
      for (const wait of waits) wait.catch(ignore);
      throw error;
    }
    if (waits.length === 0) return outcomes;
    releaseAll(outcomes);
    return Promise.all(waits).then(ignore);
  }

  /** A message that has the key was taken back before anybody saw it; called when that is committed. */
  free(topicId: number, hash: GroupHash, position: LogPosition): void {
    const { index, log } = this.#context.store;
    index.dedup.free(topicId, hash, position, log.lastStoredAtMs);
  }

  stored(claim: DedupClaim, position: LogPosition, at: { readonly firstSequence: number; readonly storedAtMs: number }): void {
    const { firstSequence, storedAtMs } = at;
    if (firstSequence !== this.#commit.firstSequence) this.#commit = { firstSequence, atMs: this.#context.time.now() };
    this.#claims.delete(claim);
    this.#context.store.index.dedup.add(claim.topicId, claim.hash, position, { atMs: this.#commit.atMs, storedAtMs });
    this.onStored();
  }

  released(claim: DedupClaim): void {
    this.#claims.delete(claim);
  }

  #claim(topicId: number, key: string, hash: GroupHash): DedupClaim {
    const claim = new DedupClaim(this, topicId, key, hash);
    this.#claims.add(claim);
    return claim;
  }

  /** Where messages lie that may have the key, the newest first. Those before it are there only because the window was shorter once. */
  #find(topic: Topic, hash: GroupHash): readonly LogPosition[] {
    const { options, topicId } = topic.record;
    const candidates = this.#context.store.index.dedup.find(topicId, hash);
    if (candidates === undefined) return NOTHING;
    const sinceMs = this.#context.time.now() - dedupWindowOf(options);
    const positions = candidates.flatMap(({ position, atMs }) => (atMs > sinceMs ? [position] : []));
    return positions.length === 0 ? NOTHING : positions.sort(descending);
  }

  #decide(
    topic: Topic,
    key: string,
    call: { readonly outcomes: readonly DedupOutcome[]; readonly blocks: HeldBlocks },
  ): DedupOutcome | Promise<void> {
    const { topicId } = topic.record;
    const hash = this.#hash(key);
    const other = this.#claims.get(topicId, key, hash.low);
    if (other !== undefined) {
      const index = call.outcomes.findIndex((outcome) => outcome.kind === 'new' && outcome.claim === other);
      return index < 0 ? other.settled() : { kind: 'repeated', index };
    }
    for (const position of this.#find(topic, hash)) {
      const sequence = blockSequenceOf(position);
      const block = call.blocks.get(sequence) ?? this.#context.store.log.cached(position);
      if (block === undefined && !call.blocks.has(sequence)) return this.#hold(sequence, call.blocks);
      const first = block === undefined ? undefined : readFirstMessage(block, position, { topicId, key });
      if (first === undefined) continue;
      return { kind: 'duplicate', first: this.#receiptOf(first, position, topic) };
    }
    return { kind: 'new', claim: this.#claim(topicId, key, hash) };
  }

  #receiptOf(first: FirstMessage, position: LogPosition, topic: Topic): FirstReceipt {
    const { messageId, waited, timer, transactionId } = first;
    const { topicId, name } = topic.record;
    const place = waited
      ? { queueId: -1, queueOffset: -1 }
      : { queueId: topic.placeOf(first.queueId).queueId, queueOffset: first.queueOffset };
    return {
      messageId,
      topic: name,
      ...place,
      ...(timer === undefined ? {} : { recallHandle: this.#context.recallHandles.encode({ ...timer, topicId, position, messageId }) }),
      ...(transactionId === undefined ? {} : { transactionId }),
      duplicate: true,
    };
  }

  /** What cannot be read is reported and counts as lost, so that it keeps no other message out. */
  async #hold(sequence: number, blocks: HeldBlocks): Promise<void> {
    try {
      blocks.set(sequence, await this.#context.store.log.read(sequence));
    } catch (error) {
      if (!isCorruption(error)) throw error;
      blocks.set(sequence, undefined);
      reportDamage(this.#context, sequence, error);
    }
  }
}

/** Gives up claims of a call that will not join. */
function releaseAll(outcomes: readonly DedupOutcome[]): void {
  for (const outcome of outcomes) if (outcome.kind === 'new') outcome.claim?.release();
}

function unknownKeys(cause: Error): BrokerError {
  const remedy = 'close the broker and open it again, which builds the index anew from the log, or send without dedupKey';
  return new BrokerError('MQ_STORE_CORRUPT', `Whether the dedupKey was used before is not known, because the index is damaged; ${remedy}`, {
    cause,
  });
}

function descending(left: number, right: number): number {
  return right - left;
}

function ignore(): void {}
