import { BrokerError, isBrokerError } from '../../model/errors.ts';
import type { Durability, SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { DeadlineNode } from '../../storage/index/queue-progress.ts';
import type { BarrierWaiter } from '../../storage/log/barriers.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { DedupClaim } from './dedup-claim.ts';
import type { Route } from './route.ts';

/** Counts the sends of a producer that are under way. */
export interface SendTracker {
  pending: number;
  /** Called when none is left. */
  onIdle: (() => void) | undefined;
}

/** How a call of send ends. */
export interface SendTerms {
  readonly durability: Durability;
  /** How often its messages may be written before the call gives up. */
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly tracker: SendTracker;
  /** Present for messages of a transaction. */
  readonly transactionId?: string | undefined;
}

/** Writes the messages of a call. */
export interface SendWriter {
  write(drafts: readonly MessageDraft[], routes: readonly Route[], completion: SendCompletion): void;
}

/** One message of a call, on its way to the log. */
export interface SentMessage {
  readonly route: Route;
  /** What was sent, with bytes of its own. */
  draft(): MessageDraft;
  receipt(durability: SendReceipt['durability']): SendReceipt;
}

/** What a call of send waits for: one message, or a batch that is stored whole. */
export abstract class SendCompletion extends DeadlineNode implements BarrierWaiter {
  protected readonly context: DeliveryContext;
  readonly terms: SendTerms;
  readonly #reject: (error: Error) => void;
  /** Writes the messages once more when their group is known not to be on disk. */
  readonly #writer: SendWriter | undefined;
  #attempt = 1;
  #answered = false;

  constructor(context: DeliveryContext, terms: SendTerms, reject: (error: Error) => void, writer?: SendWriter) {
    super();
    this.context = context;
    this.terms = terms;
    this.#reject = reject;
    this.#writer = writer;
    terms.tracker.pending++;
    context.sendDeadlines.add(this, terms.timeoutMs);
  }

  abstract add(entry: SentMessage): void;
  /** The claim of a message's dedup key, by its place in the call; each attempt takes it along. */
  abstract claimOf(index: number): DedupClaim | undefined;
  /** The last message of a call speaks for all of them. */
  abstract isLast(entry: SentMessage): boolean;
  /** Takes the messages off, because they will be written again. */
  protected abstract takeEntries(): readonly SentMessage[];
  /** Counts what is stored, and resolves the call when `answer` says that it still waits. */
  protected abstract stored(reached: SendReceipt['durability']): void;

  /** The write is done: an async send is answered, a sync one waits for the next barrier. */
  settle(): void {
    if (this.terms.durability === 'sync') this.context.store.log.barriers.wait(this);
    else this.durable();
  }

  durable(): void {
    this.stored(this.context.storage === 'memory' ? 'memory' : this.terms.durability);
  }

  /** Called for each message of the call; a group that is not on disk is tried again while attempts are left. */
  failed(error: Error, entry?: SentMessage): void {
    if (entry !== undefined && !this.isLast(entry)) return;
    const mayTryAgain = isBrokerError(error) && error.code === 'MQ_STORE_WRITE_FAILED' && this.#attempt < this.terms.attempts;
    if (mayTryAgain && entry !== undefined && !this.#answered && this.#writer !== undefined) {
      this.#attempt++;
      const entries = this.takeEntries();
      this.#writer.write(
        entries.map((one) => one.draft()),
        entries.map((one) => one.route),
        this,
      );
      return;
    }
    if (this.answer()) this.#reject(error);
  }

  /** The whole call has had its time. The write goes on: whether the messages are stored is not known. */
  timeOut(): void {
    const text = `The send was not finished within ${this.terms.timeoutMs} ms; whether it is stored is not known`;
    if (this.answer()) this.#reject(new BrokerError('MQ_REQUEST_TIMEOUT', text));
  }

  protected tell(receipt: SendReceipt): void {
    if (this.context.events.listenerCount('sent') > 0) this.context.events.emit('sent', { ...receipt });
  }

  protected answer(): boolean {
    if (this.#answered) return false;
    this.#answered = true;
    this.context.sendDeadlines.remove(this);
    const { tracker } = this.terms;
    if (--tracker.pending === 0) tracker.onIdle?.();
    return true;
  }
}

/** A send of one message, which is the usual one and therefore kept free of lists. */
export class SingleSend extends SendCompletion {
  claim: DedupClaim | undefined = undefined;
  readonly #resolve: (receipt: SendReceipt) => void;
  #entry: SentMessage | undefined;

  constructor(
    context: DeliveryContext,
    terms: SendTerms,
    settle: { resolve: (receipt: SendReceipt) => void; reject: (error: Error) => void },
    writer?: SendWriter,
  ) {
    super(context, terms, settle.reject, writer);
    this.#resolve = settle.resolve;
  }

  override add(entry: SentMessage): void {
    this.#entry = entry;
  }

  override claimOf(): DedupClaim | undefined {
    return this.claim;
  }

  override isLast(entry: SentMessage): boolean {
    return this.#entry === entry;
  }

  protected override takeEntries(): readonly SentMessage[] {
    const entry = this.#entry;
    this.#entry = undefined;
    return entry === undefined ? [] : [entry];
  }

  protected override stored(reached: SendReceipt['durability']): void {
    const receipt = this.#entry?.receipt(reached);
    if (receipt === undefined) return;
    this.context.counters.sent++;
    this.tell(receipt);
    if (this.answer()) this.#resolve(receipt);
  }
}

/** A send of several messages that are stored whole. */
export class BatchSend extends SendCompletion {
  claims: readonly (DedupClaim | undefined)[] | undefined = undefined;
  readonly #resolve: (receipts: SendReceipt[]) => void;
  #entries: SentMessage[] = [];

  constructor(
    context: DeliveryContext,
    terms: SendTerms,
    settle: { resolve: (receipts: SendReceipt[]) => void; reject: (error: Error) => void },
    writer?: SendWriter,
  ) {
    super(context, terms, settle.reject, writer);
    this.#resolve = settle.resolve;
  }

  override add(entry: SentMessage): void {
    this.#entries.push(entry);
  }

  override claimOf(index: number): DedupClaim | undefined {
    return this.claims?.[index];
  }

  override isLast(entry: SentMessage): boolean {
    return this.#entries.at(-1) === entry;
  }

  protected override takeEntries(): readonly SentMessage[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  protected override stored(reached: SendReceipt['durability']): void {
    const receipts = this.#entries.map((entry) => entry.receipt(reached));
    this.context.counters.sent += receipts.length;
    for (const receipt of receipts) this.tell(receipt);
    if (this.answer()) this.#resolve(receipts);
  }
}
