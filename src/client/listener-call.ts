import { type HeldMessage, heldMessage } from '../delivery/views/message-view.ts';
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

  /** Calls the listener. Answers `undefined` for a success at once, an error for a failure at once, or a promise of either. */
  run(listener: MessageListener): unknown {
    try {
      const result = listener(this.view, this.#context);
      return isThenable(result) ? result.then(outcomeOf, failureOf) : outcomeOf(result);
    } catch (error) {
      return failureOf(error);
    }
  }

  abort(reason: Error): void {
    this.#context.abort(reason);
  }
}

/** Nothing for a success, an error for what counts as a failure. */
function outcomeOf(result: unknown): unknown {
  if (result === undefined || result === 'success') return undefined;
  if (result === 'failure') return new Error("the listener returned 'failure'");
  return new TypeError(`the listener returned ${String(result)}; it may return nothing, 'success' or 'failure'`);
}

function failureOf(error: unknown): unknown {
  return error ?? new Error('the listener threw undefined');
}
