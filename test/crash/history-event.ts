/** One line of a history. Whoever calls a broker writes it: what it asks for before the call, what it was told after it. */
export type HistoryEvent =
  /** A broker has opened; everything until the next ending happens in one life. */
  | { readonly kind: 'opened' }
  /** A call that sends; one message, or a batch that is stored whole or not at all. */
  | { readonly kind: 'send'; readonly call: string; readonly messages: readonly SentMessage[] }
  /** The receipt of a call came. */
  | { readonly kind: 'sent'; readonly call: string; readonly durability: 'memory' | 'async' | 'sync'; readonly atMs: number }
  /** A call was refused with an error that says: nothing was stored. */
  | { readonly kind: 'refused'; readonly call: string }
  /** A group's consumer was handed a message. */
  | { readonly kind: 'got'; readonly group: string; readonly id: string; readonly attempt: number }
  /** A consumer is about to acknowledge; `push`: its listener succeeded. */
  | { readonly kind: 'acking'; readonly group: string; readonly id: string; readonly push?: boolean; readonly atMs?: number }
  /** An acknowledgement was confirmed. */
  | { readonly kind: 'acked'; readonly group: string; readonly id: string }
  /** An acknowledgement was answered with an error: it may count or not. */
  | { readonly kind: 'unsure'; readonly group: string; readonly id: string }
  /** A listener failed, or a consumer gave the message back. */
  | { readonly kind: 'failed'; readonly group: string; readonly id: string }
  /** A consumer is about to forward a message to the dead letters, whatever attempts are left. */
  | { readonly kind: 'forwarding'; readonly group: string; readonly id: string }
  /** A message became a dead letter, or stands in the list of them. */
  | { readonly kind: 'dead'; readonly group: string; readonly id: string; readonly attempts: number; readonly listed?: boolean }
  /** The list of dead letters of a group is complete. */
  | { readonly kind: 'listed'; readonly group: string }
  /** A message was not what had been sent. */
  | { readonly kind: 'wrong'; readonly detail: string }
  /** `close()` has resolved. */
  | { readonly kind: 'closed' }
  /** The process was killed. */
  | { readonly kind: 'died'; readonly atMs: number }
  /** The power failed at that instant, after the process was killed or had closed its broker. */
  | { readonly kind: 'powerCut'; readonly atMs: number };

/** A message as the history knows it; `id` is the application's own. */
export interface SentMessage {
  readonly id: string;
  readonly topic: string;
  readonly messageGroup?: string;
}

/** What a group may see, and how often. */
export interface GroupRules {
  readonly topics: readonly string[];
  readonly maxAttempts: number;
  /** Order inside a message group is promised; default true. */
  readonly ordered?: boolean;
}
