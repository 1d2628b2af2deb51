import { BrokerError, isBrokerError } from '../model/errors.ts';
import type { Durability, SendReceipt } from '../model/message.ts';
import { DeadlineNode } from '../storage/index/queue-progress.ts';
import type { BarrierWaiter } from '../storage/log/barriers.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { MessageEntry } from './message-entry.ts';

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
}

/** What a call of send waits for: one message, or a batch that is stored whole. */
export class SendCompletion extends DeadlineNode implements BarrierWaiter {
  readonly entries: MessageEntry[] = [];
  readonly #context: DeliveryContext;
  readonly #terms: SendTerms;
  readonly #resolve: (receipts: SendReceipt[]) => void;
  readonly #reject: (error: Error) => void;
  #attempt = 1;
  #answered = false;
  /** Writes the messages once more: the group that held them is known not to be on disk. */
  again: () => void = () => undefined;

  constructor(
    context: DeliveryContext,
    terms: SendTerms,
    settle: { resolve: (receipts: SendReceipt[]) => void; reject: (error: Error) => void },
  ) {
    super();
    this.#context = context;
    this.#terms = terms;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
    terms.tracker.pending++;
    context.sendDeadlines.add(this, terms.timeoutMs);
  }

  /** The write is done: an async send is answered, a sync one waits for the next barrier. */
  settle(): void {
    if (this.#terms.durability === 'sync') this.#context.store.log.barriers.wait(this);
    else this.durable();
  }

  durable(): void {
    const reached = this.#context.storage === 'memory' ? 'memory' : this.#terms.durability;
    const receipts = this.entries.map((entry) => entry.receipt(reached));
    this.#context.counters.sent += receipts.length;
    if (this.#context.events.listenerCount('sent') > 0) for (const receipt of receipts) this.#context.events.emit('sent', { ...receipt });
    if (this.#answer()) this.#resolve(receipts);
  }

  /** Called for each message of the call; a group that is not on disk is tried again while attempts are left. */
  failed(error: Error, entry?: MessageEntry): void {
    if (entry !== undefined && entry !== this.entries.at(-1)) return;
    const mayTryAgain = isBrokerError(error) && error.code === 'MQ_STORE_WRITE_FAILED' && this.#attempt < this.#terms.attempts;
    if (mayTryAgain && entry !== undefined && !this.#answered) {
      this.#attempt++;
      this.again();
      return;
    }
    if (this.#answer()) this.#reject(error);
  }

  /** The whole call has had its time. The write goes on: whether the messages are stored is not known. */
  timeOut(): void {
    const text = `The send was not finished within ${this.#terms.timeoutMs} ms; whether it is stored is not known`;
    if (this.#answer()) this.#reject(new BrokerError('MQ_REQUEST_TIMEOUT', text));
  }

  #answer(): boolean {
    if (this.#answered) return false;
    this.#answered = true;
    this.#context.sendDeadlines.remove(this);
    const { tracker } = this.#terms;
    if (--tracker.pending === 0) tracker.onIdle?.();
    return true;
  }
}
