import type { MessageView } from '../../index.ts';
import type { ModelAge } from './model-age.ts';

/** When a delay message may come: an instant of the wall clock, or a while on the monotonic one. */
export interface ModelWait {
  readonly kind: 'instant' | 'delay';
  /** An instant of the wall clock; of a `delay`, as the wall clock was at the send. */
  readonly atMs: number;
  /** Of a `delay`. */
  readonly delayMs: number;
  /** By the monotonic clock; earlier after a reopening that believes a wall clock which was set forward. */
  notBeforeMs: number;
  /** By the monotonic clock: not after this it was sent. */
  sentAtMs: number;
  /** Steps of the wall clock before the send, so that it is known whether there were some since. */
  readonly stepsBefore: number;
  /** How far the wall clock had been set forward when the present life of the broker began. */
  forwardBeforeMs: number;
  recallHandle: string | undefined;
}

/**
 * Whether a message is in its queue: `waiting` for its time, `half` until its transaction ends, `visible`, or `gone` without that anybody may
 * ever get it (recalled, rolled back, lost).
 */
type MessageState = 'visible' | 'waiting' | 'half' | 'gone';

/** Messages that become visible together. */
export interface MessagesTogether {
  readonly state: 'open' | 'committed' | 'rolledBack';
  readonly messages: readonly ModelMessage[];
}

/** What the model knows of a message that was sent, or that may have been. */
export interface ModelMessage {
  /** Its body, which is unique. */
  readonly name: string;
  readonly topic: string;
  readonly tag: string | undefined;
  readonly messageGroup: string | undefined;
  /** What a view must tell: `undefined` in a topic without priorities. */
  readonly priority: number | undefined;
  readonly ttlMs: number | undefined;
  readonly dedupKey: string | undefined;
  state: MessageState;
  /** Of a delay message that had to wait. */
  readonly wait: ModelWait | undefined;
  readonly transaction: MessagesTogether | undefined;
  /** As its receipt or a view told; absent while nobody knows. */
  messageId: string | undefined;
  /** Where it lies; absent while nobody knows. */
  place: { readonly queueId: number; readonly queueOffset: number } | undefined;
  /** The later it became visible, the higher; between these where nobody knows when it did. */
  order: { readonly from: number; readonly to: number };
  /** Since it became visible: that is how long its time to live has run. */
  age: ModelAge | undefined;
  /** False while a power cut may take it. */
  durable: boolean;
  /** False while a power cut may undo what made it what it is: its recall, its coming due, the end of its transaction. */
  stateDurable: boolean;
  /** True once nobody can tell whether it is stored: the send was cut off, or a power cut came before its barrier. */
  mayBeLost: boolean;
  /** Its recall was cut off, and its time has come since: nobody can tell which was first. */
  mayBeRecalled: boolean;
  /** A power cut may have undone its state: the next look at the broker tells. */
  mayBeUndone: boolean;
}

/**
 * What a consumer group has done with a message. `unknown` is what a power cut leaves: an earlier state is back, nobody knows which.
 */
export type Phase = 'ready' | 'leased' | 'acked' | 'dead' | 'unknown';

/** A message as one consumer group sees it. */
export interface ModelDelivery {
  readonly message: ModelMessage;
  phase: Phase;
  /** Deliveries so far; after a power cut, the most that it may be. */
  attempt: number;
  /** The number of attempts is exact. */
  attemptKnown: boolean;
  /** When the lease ends, by the monotonic clock. */
  leasedUntilMs: number;
  /** The view that may settle it. */
  view: MessageView | undefined;
  /** It was in flight when a process died: it may have to wait for other suspects. */
  suspect: boolean;
  /** Nobody can tell any more whether it was settled before the power went. */
  mayBeSettled: boolean;
  /** Its time to live was over at a moment at which its turn may have come: it is settled then, whatever the clocks read later. */
  mayBeExpired: boolean;
  /** It came back from the dead letters: it is no longer in its message group's order. */
  redriven: boolean;
}

/** A message as a group sees it that has not had it yet. */
export function newDelivery(message: ModelMessage): ModelDelivery {
  return {
    message,
    phase: 'ready',
    attempt: 0,
    attemptKnown: true,
    leasedUntilMs: 0,
    view: undefined,
    suspect: false,
    mayBeSettled: false,
    mayBeExpired: isExpired(message, 'perhaps'),
    redriven: false,
  };
}

/** It is stored for sure, whether or not anybody sees it. */
export function isStored({ state, mayBeLost }: ModelMessage): boolean {
  return state !== 'gone' && !mayBeLost;
}

/** Its time to live may be over, as far as anybody can tell; or is, for sure. */
export function isExpired({ ttlMs, age }: ModelMessage, howSure: 'perhaps' | 'surely'): boolean {
  if (ttlMs === undefined || age === undefined) return false;
  return (howSure === 'perhaps' ? age.oldestMs : age.youngestMs) >= ttlMs;
}

/** Nothing can keep it from being delivered but others of its message group. */
export function isSure({ phase, suspect, mayBeExpired, message }: ModelDelivery): boolean {
  return phase === 'ready' && !suspect && !mayBeExpired && !message.mayBeLost;
}
