import { type HeldMessage, heldMessage } from '../delivery/views/message-view.ts';
import { errorText } from '../model/error-text.ts';
import type { MessageView } from '../model/message.ts';
import type { ListenerContext, MessageListener } from '../model/messaging.ts';
import { isThenable } from '../model/thenable.ts';

/** What a listener gets beside the message. The signal is made only when the listener looks at it: an AbortController costs 3 µs. */
class CallContext implements ListenerContext {
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}

/** How a call failed. What was thrown is kept in it and not handed on by itself, because it may be a promise, which nobody must wait for. */
export class ListenerFailure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error ?? new Error('the listener threw undefined');
  }
}

/** One call of a listener. */
export class ListenerCall {
  readonly view: MessageView;
  /** The message as long as this delivery is the valid one. */
  readonly held: HeldMessage | undefined;
  readonly #context = new CallContext();

  constructor(view: MessageView) {
    this.view = view;
    this.held = heldMessage(view);
  }

  /** Calls the listener. Answers `undefined` for a success at once, a failure at once, or a promise of either. */
  run(listener: MessageListener): ListenerFailure | undefined | Promise<ListenerFailure | undefined> {
    try {
      const result = listener(this.view, this.#context);
      // Whose `then` answers nothing, or calls back twice, is a promise only behind `resolve`.
      return isThenable(result) ? Promise.resolve(result).then(outcomeOf, failureOf) : outcomeOf(result);
    } catch (error) {
      return failureOf(error);
    }
  }

  abort(reason: Error): void {
    this.#context.abort(reason);
  }
}

/** Nothing for a success. */
function outcomeOf(result: unknown): ListenerFailure | undefined {
  if (result === undefined || result === 'success') return undefined;
  if (result === 'failure') return new ListenerFailure(new Error("the listener returned 'failure'"));
  const text = errorText(result);
  return new ListenerFailure(new TypeError(`the listener returned ${text}; it may return nothing, 'success' or 'failure'`));
}

function failureOf(error: unknown): ListenerFailure {
  return new ListenerFailure(error);
}
