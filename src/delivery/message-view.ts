import { BrokerError, invariant } from '../model/errors.ts';
import type { MessageView } from '../model/message.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { StoredMessage } from '../storage/log/message-record.ts';
import type { GroupQueue } from './group-queue.ts';
import type { ReceiptHandles } from './receipt-handle.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A message that this process holds a lease of. */
export type HeldMessage = UnsettledMessage;

/** One delivery of a message, as its view knows it. */
export interface DeliveryReference {
  readonly queue: GroupQueue;
  readonly leaseNumber: number;
  readonly handles: ReceiptHandles;
}

/** What a view shows beside the stored message. */
export interface ViewFacts {
  readonly topic: string;
  readonly attempt: number;
  readonly untilMs: number;
}

/** The content of a view: a stored message, or another view of it. */
type Content = Omit<StoredMessage, 'topicId'>;

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
  readonly bornAtMs: number;
  readonly storedAtMs: number;
  readonly deliveryAttempt: number;
  readonly invisibleUntilMs: number;
  declare readonly receiptHandle: string;
  readonly #delivery: DeliveryReference | undefined;

  constructor(message: Content, facts: ViewFacts, delivery: DeliveryReference | undefined) {
    this.messageId = message.messageId;
    this.topic = facts.topic;
    this.queueId = message.queueId;
    this.queueOffset = message.queueOffset;
    this.body = message.body;
    this.tag = message.tag;
    this.keys = message.keys;
    this.properties = message.properties;
    this.messageGroup = message.messageGroup;
    this.bornAtMs = message.bornAtMs;
    this.storedAtMs = message.storedAtMs;
    this.deliveryAttempt = facts.attempt;
    this.invisibleUntilMs = facts.untilMs;
    this.#delivery = delivery;
    // One descriptor for all views: an accessor in an object literal costs twenty times as much.
    Object.defineProperty(this, 'receiptHandle', HANDLE);
  }

  text(): string {
    return decoder.decode(this.body);
  }

  json(): unknown {
    try {
      return JSON.parse(decoder.decode(this.body));
    } catch (error) {
      throw new BrokerError('MQ_MESSAGE_CORRUPTED', `The body of message ${this.messageId} is no JSON text`, { cause: error });
    }
  }

  static deliveryOf(view: MessageView): DeliveryReference | undefined {
    return #delivery in view ? view.#delivery : undefined;
  }

  static handleOf(view: View): string {
    const delivery = view.#delivery;
    if (delivery === undefined) return '';
    const { queue, leaseNumber, handles } = delivery;
    return handles.encode({ address: queue.progress.address, offset: view.queueOffset, leaseNumber, untilMs: view.invisibleUntilMs });
  }
}

const HANDLE: PropertyDescriptor = {
  enumerable: true,
  get(this: View): string {
    return View.handleOf(this);
  },
};

/** A view that was delivered. */
export function deliveredView(message: Content, facts: ViewFacts, delivery: DeliveryReference): MessageView {
  return new View(message, facts, delivery);
}

/** A view for reading only, as administration shows it: nothing can be acknowledged with it. */
export function storedView(message: Content, facts: { readonly topic: string; readonly attempt: number }): MessageView {
  return new View(message, { ...facts, untilMs: 0 }, undefined);
}

/** A view like another one, for a lease with a new end. */
export function renewedView(view: MessageView, delivery: DeliveryReference, untilMs: number): MessageView {
  const content: Content = { ...view, tag: view.tag, messageGroup: view.messageGroup };
  return new View(content, { topic: view.topic, attempt: view.deliveryAttempt, untilMs }, delivery);
}

/** The message of a genuine view while this very delivery is the valid one. */
export function heldMessage(view: MessageView): HeldMessage | undefined {
  const delivery = View.deliveryOf(view);
  const message = delivery?.queue.progress.unsettled.get(view.queueOffset);
  return message !== undefined && message.leaseNumber === delivery?.leaseNumber ? message : undefined;
}

/** The queue that a genuine view came from. */
export function queueOf(view: MessageView): GroupQueue {
  const delivery = View.deliveryOf(view);
  invariant(delivery !== undefined, 'a view of a listener call lost its delivery');
  return delivery.queue;
}

/** The delivery that a genuine view stands for; `undefined` for a copy. */
export function deliveryOf(view: MessageView): DeliveryReference | undefined {
  return View.deliveryOf(view);
}
