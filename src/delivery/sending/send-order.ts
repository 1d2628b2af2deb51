import type { MessageDraft } from '../../model/message-validation.ts';

/** A place behind others. */
export interface Turn {
  /** Resolves when those before it have joined the log, or have given up. */
  readonly before: Promise<unknown>;
  /** Lets those behind it go on; a second time changes nothing. */
  leave(): void;
}

/**
 * Keeps the order of a message group while one of its sends waits to find out whether it is a duplicate: those that come later wait behind it.
 */
export class SendOrder {
  /** The last one that waits, by topic and message group. */
  readonly #last = new Map<string, Promise<void>>();

  /** Whether a message must not join the log at once. */
  holds({ topic, messageGroup }: MessageDraft): boolean {
    return messageGroup !== undefined && this.#last.size > 0 && this.#last.has(nameOf(topic, messageGroup));
  }

  /** Takes a place behind every message group of the call; `undefined` where it has none. */
  enter(drafts: readonly MessageDraft[]): Turn | undefined {
    const names = new Set<string>();
    for (const { topic, messageGroup } of drafts) if (messageGroup !== undefined) names.add(nameOf(topic, messageGroup));
    if (names.size === 0) return undefined;
    const before = Promise.all(Array.from(names, (name) => this.#last.get(name)));
    let resolve: () => void = () => undefined;
    const left = new Promise<void>((done) => {
      resolve = done;
    });
    for (const name of names) this.#last.set(name, left);
    const leave = (): void => {
      for (const name of names) if (this.#last.get(name) === left) this.#last.delete(name);
      resolve();
    };
    return { before, leave };
  }
}

/** No topic has a blank in its name. */
function nameOf(topic: string, messageGroup: string): string {
  return `${topic} ${messageGroup}`;
}
