import type { DeliveryContext } from '../delivery/delivery-context.ts';
import type { GroupQueue } from '../delivery/queues/group-queue.ts';
import { acknowledge } from '../delivery/settling/acknowledge.ts';
import { giveUp } from '../delivery/settling/give-up.ts';
import { retryLater } from '../delivery/settling/lease-end.ts';
import { heldMessage, queueOf } from '../delivery/views/message-view.ts';
import { errorText } from '../model/error-text.ts';
import { retryDelayMs } from '../model/retry-policy.ts';
import type { ListenerCall } from './listener-call.ts';

/** Errors of listeners that were logged, by group and text; more than these are not remembered. */
const REMEMBERED_ERRORS = 1000;

const loggedErrors = new WeakMap<DeliveryContext, Set<string>>();

/** What follows a listener call: an acknowledgement, a retry after the policy's delay, or the end of the attempts. */
export class ListenerOutcomes {
  readonly #context: DeliveryContext;
  readonly #group: string;

  constructor(context: DeliveryContext, group: string) {
    this.#context = context;
    this.#group = group;
  }

  /** Nobody waits for it: the acknowledgement is on disk with the next group commit. Of a topic that is deleted nothing is written any more. */
  succeeded(call: ListenerCall): void {
    const { held } = call;
    if (held === undefined || heldMessage(call.view) !== held || held.claimed || queueOf(held).dropped) return;
    acknowledge(this.#context, queueOf(held), held);
  }

  failed(call: ListenerCall, error: unknown): void {
    const { held, view } = call;
    if (held === undefined || heldMessage(view) !== held || held.claimed) return this.#logTooLate(call, error);
    const queue = queueOf(held);
    const { group } = queue;
    const attempt = view.deliveryAttempt;
    this.#context.counters.failed++;
    const isLast = attempt >= group.maxAttempts || queue.dropped;
    const delayMs = isLast ? 0 : retryDelayMs(group.record.options.retryPolicy, attempt);
    const nextAttemptAtMs = isLast ? undefined : this.#context.clock.now() + delayMs;
    this.#log(queue, call, error, nextAttemptAtMs);
    if (!isLast) retryLater(this.#context, queue, held, delayMs);
    else if (!queue.dropped) giveUp(this.#context, queue, held, errorText(error)).catch(() => group.visibleAgain(held));
    if (this.#context.events.listenerCount('failed') === 0) return;
    this.#context.events.emit('failed', { group: group.record.name, message: view, attempt, error, nextAttemptAtMs });
  }

  /** A message that is dropped is lost, so that it counts apart. */
  #log({ group, dropped }: GroupQueue, call: ListenerCall, error: unknown, nextAttemptAtMs: number | undefined): void {
    if (nextAttemptAtMs !== undefined) this.#logOnce(call, error, new Date(nextAttemptAtMs).toISOString());
    else if (group.memberState === undefined && !dropped) this.#logOnce(call, error, 'dead letters');
    else this.#logOnce(call, error, 'dropped', 'dropped by ');
  }

  /** Its delivery had its end before, as by an atomic unit that acknowledged it: nothing follows, and nobody else would know of the error. */
  #logTooLate(call: ListenerCall, error: unknown): void {
    this.#logOnce(call, error, 'nothing, because its delivery had ended before', 'too late in ');
  }

  /** Once for each group and error text, with the stack; whether or not anybody listens to `failed`. */
  #logOnce(call: ListenerCall, error: unknown, next: string, what = ''): void {
    const group = this.#group;
    const text = `${what}${group}: ${errorText(error)}`;
    const logged = loggedIn(this.#context);
    if (logged.has(text)) return;
    if (logged.size >= REMEMBERED_ERRORS) logged.clear();
    logged.add(text);
    const { topic, messageId, deliveryAttempt } = call.view;
    this.#context.logger.warn({ group, topic, messageId, attempt: deliveryAttempt, next, err: error }, 'a listener failed');
  }
}

/** What was logged, for all consumers of a broker together. */
function loggedIn(context: DeliveryContext): Set<string> {
  let logged = loggedErrors.get(context);
  if (logged === undefined) {
    logged = new Set();
    loggedErrors.set(context, logged);
  }
  return logged;
}
