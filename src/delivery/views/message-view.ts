import { BrokerError } from '../../model/errors.ts';
import type { JsonOptions, MessageView } from '../../model/message.ts';
import type { QueuePlace } from '../../model/priority-levels.ts';
import type { StandardSchema } from '../../model/standard-schema.ts';
import { validatedJson } from '../../model/validated-json.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { StoredMessage } from '../../storage/log/message-record.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import type { ReceiptHandles } from './receipt-handle.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A message that this process holds a lease of. */
export type HeldMessage = UnsettledMessage;

/** What all views of one hand-out share. */
export interface HandOutFacts {
  readonly topic: string;
  /** The queue as applications see it. */
  readonly place: QueuePlace;
  /** When the leases end, by the wall clock. */
  readonly untilMs: number;
  /** The same by the broker's time, which knows no steps of the wall clock. */
  readonly endsAtMs: number;
  readonly handles: ReceiptHandles;
  /** What the messages can be checked by; `undefined` for those of a subscription without a schema. */
  readonly schema?: StandardSchema | undefined;
}

interface ViewFacts extends Omit<HandOutFacts, 'handles'> {
  readonly handles: ReceiptHandles | undefined;
}

/** Made by `storedFacts`. */
type StoredFacts = ViewFacts & { readonly handles: undefined };

/** One delivery: the message, and the number of its lease then. */
export interface Delivered {
  readonly held: HeldMessage;
  readonly leaseNumber: number;
}

/** A delivery with the end of its lease, by the broker's time. */
export interface TimedDelivery extends Delivered {
  readonly endsAtMs: number;
}

/** The content of a view: a stored message, or another view of it. */
type Content = Omit<StoredMessage, 'topicId' | 'extension'> &
  Partial<Pick<StoredMessage, 'extension'>> & { readonly deliverAtMs?: number | undefined };

/**
 * A message as an application holds it. The delivery that it stands for is private, so that acknowledging a genuine view needs no receipt handle;
 * a copy of a view is known by its handle alone, which is an own property and made when somebody reads it.
 */
class View implements MessageView {
  readonly messageId: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly body: Uint8Array;
  readonly tag: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly messageGroup: string | undefined;
  readonly priority: number | undefined;
  readonly deliverAtMs: number | undefined;
  readonly bornAtMs: number;
  readonly storedAtMs: number;
  readonly deliveryAttempt: number;
  readonly invisibleUntilMs: number;
  declare readonly receiptHandle: string;
  readonly #held: HeldMessage | undefined;
  readonly #leaseNumber: number;
  /** Shared by all views of a hand-out, so that what most views never need costs none of them a field. */
  readonly #facts: ViewFacts;

  constructor(message: Content, facts: ViewFacts, attempt: number, lease: Delivered | undefined) {
    this.messageId = message.messageId;
    this.topic = facts.topic;
    this.queueId = facts.place.queueId;
    this.queueOffset = message.queueOffset;
    this.body = message.body;
    this.tag = message.tag;
    this.keys = message.keys;
    this.properties = message.properties;
    this.messageGroup = message.messageGroup;
    this.priority = facts.place.priority;
    this.deliverAtMs = message.deliverAtMs ?? message.extension?.deliverAtMs;
    this.bornAtMs = message.bornAtMs;
    this.storedAtMs = message.storedAtMs;
    this.deliveryAttempt = attempt;
    this.invisibleUntilMs = facts.untilMs;
    this.#held = lease?.held;
    this.#leaseNumber = lease?.leaseNumber ?? 0;
    this.#facts = facts;
    // One descriptor for all views: an accessor in an object literal costs twenty times as much.
    Object.defineProperty(this, 'receiptHandle', HANDLE);
  }

  text(): string {
    return decoder.decode(this.body);
  }

  json(options?: JsonOptions): unknown {
    return options === undefined ? parsedBody(this) : validatedJson(() => parsedBody(this), options, this.topic, this.#facts.schema);
  }

  /** The delivery that a genuine view stands for. */
  static deliveryOf(view: MessageView): TimedDelivery | undefined {
    if (!(#held in view) || view.#held === undefined) return undefined;
    return { held: view.#held, leaseNumber: view.#leaseNumber, endsAtMs: view.#facts.endsAtMs };
  }

  static heldBy(view: MessageView): HeldMessage | undefined {
    if (!(#held in view)) return undefined;
    const held = view.#held;
    return held !== undefined && held.leaseNumber === view.#leaseNumber ? held : undefined;
  }

  static handleOf(view: View): string {
    const held = view.#held;
    const { handles, endsAtMs } = view.#facts;
    if (held === undefined || handles === undefined) return '';
    const { offset, progress } = held;
    return handles.encode({ address: progress.address, offset, leaseNumber: view.#leaseNumber, endsAtMs });
  }
}

function parsedBody({ messageId, body }: View): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch (error) {
    throw new BrokerError('MQ_MESSAGE_CORRUPTED', `The body of message ${messageId} is no JSON text`, { cause: error });
  }
}

const HANDLE: PropertyDescriptor = {
  enumerable: true,
  get(this: View): string {
    return View.handleOf(this);
  },
};

/** A view that was delivered. */
export function deliveredView(message: Content, facts: HandOutFacts, attempt: number, lease: Delivered): MessageView {
  return new View(message, facts, attempt, lease);
}

/** A view for reading only, as administration and pull consumers show it: nothing can be acknowledged with it. Messages that come together share their facts. */
export function storedView(message: Content, facts: StoredFacts, attempt: number): MessageView {
  return new View(message, facts, attempt, undefined);
}

/** What all views of messages of a queue share that nobody holds a lease of. */
export function storedFacts(topic: string, place: QueuePlace, schema?: StandardSchema): StoredFacts {
  return { topic, place, schema, untilMs: 0, endsAtMs: 0, handles: undefined };
}

/** A view like another one, for a lease with a new end. */
export function renewedView(view: MessageView, facts: Omit<HandOutFacts, 'topic' | 'place'>, lease: Delivered): MessageView {
  const content: Content = { ...view, tag: view.tag, messageGroup: view.messageGroup };
  const { queueId, priority } = view;
  const place = priority === undefined ? { queueId } : { queueId, priority };
  return new View(content, { topic: view.topic, place, ...facts }, view.deliveryAttempt, lease);
}

/** The message of a genuine view while this very delivery is the valid one. */
export function heldMessage(view: MessageView): HeldMessage | undefined {
  return View.heldBy(view);
}

/** The delivery that a genuine view stands for, valid or not; `undefined` for a copy. */
export function deliveryOf(view: MessageView): TimedDelivery | undefined {
  return View.deliveryOf(view);
}

/** The queue that a message lies in, as its group goes through it. */
export function queueOf(held: HeldMessage): GroupQueue {
  return held.progress.live as GroupQueue;
}
