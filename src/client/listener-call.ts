import { type HeldMessage, heldMessage } from '../delivery/message-view.ts';
import type { MessageView } from '../model/message.ts';
import type { ListenerContext, MessageListener } from '../model/messaging.ts';

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

/** One call of a listener. */
export class ListenerCall {
  readonly view: MessageView;
  /** The message as long as this delivery is the valid one. */
  readonly held: HeldMessage | undefined;
  readonly #listener: MessageListener;
  readonly #context = new CallContext();

  constructor(view: MessageView, listener: MessageListener) {
    this.view = view;
    this.held = heldMessage(view);
    this.#listener = listener;
  }

  holds(message: object): boolean {
    return this.held === message;
  }

  /** Calls the listener; exactly one of the two is called, once. */
  start(succeeded: () => void, failed: (error: unknown) => void): void {
    const settle = (result: unknown): void => {
      if (result === undefined || result === 'success') succeeded();
      else if (result === 'failure') failed(new Error("the listener returned 'failure'"));
      else failed(new TypeError(`the listener returned ${String(result)}; it may return nothing, 'success' or 'failure'`));
    };
    const broke = (error: unknown): void => failed(error ?? new Error('the listener threw undefined'));
    try {
      const result = this.#listener(this.view, this.#context);
      if (isThenable(result)) result.then(settle, broke);
      else settle(result);
    } catch (error) {
      broke(error);
    }
  }

  abort(reason: Error): void {
    this.#context.abort(reason);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
