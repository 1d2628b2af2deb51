import { BrokerError, invariant } from '../model/errors.ts';
import type { MessageView } from '../model/message.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { StoredMessage } from '../storage/log/message-record.ts';
import type { GroupQueue } from './group-queue.ts';
import type { ReceiptHandles } from './receipt-handle.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** Where a view keeps which delivery it is, so that acknowledging it needs no receipt handle. */
const DELIVERY = Symbol('delivery');

/** One delivery of a message, as its view knows it. */
export interface DeliveryReference {
  readonly queue: GroupQueue;
  readonly leaseNumber: number;
  readonly handles: ReceiptHandles;
}

/** Methods of every view. A copy of a view (`{ ...message }`) has other ancestors, and is known by its receipt handle alone. */
const prototype = {
  text(this: MessageView): string {
    return decoder.decode(this.body);
  },
  json(this: MessageView): unknown {
    try {
      return JSON.parse(decoder.decode(this.body));
    } catch (cause) {
      throw new BrokerError('MQ_MESSAGE_CORRUPTED', `The body of message ${this.messageId} is no JSON text`, { cause });
    }
  },
};

/** A view that has been delivered: its receipt handle is made when somebody reads it. */
export function deliveredView(
  message: StoredMessage,
  delivery: DeliveryReference,
  facts: { topic: string; attempt: number; untilMs: number },
): MessageView {
  return {
    __proto__: prototype,
    messageId: message.messageId,
    topic: facts.topic,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    body: message.body,
    tag: message.tag,
    keys: message.keys,
    properties: message.properties,
    messageGroup: message.messageGroup,
    bornAtMs: message.bornAtMs,
    storedAtMs: message.storedAtMs,
    deliveryAttempt: facts.attempt,
    invisibleUntilMs: facts.untilMs,
    [DELIVERY]: delivery,
    get receiptHandle(): string {
      return delivery.handles.encode({
        address: delivery.queue.progress.address,
        offset: message.queueOffset,
        leaseNumber: delivery.leaseNumber,
        untilMs: facts.untilMs,
      });
    },
  } as unknown as MessageView;
}

/** A view for reading only, as administration shows it: nothing can be acknowledged with it. */
export function storedView(message: StoredMessage, facts: { topic: string; attempt: number }): MessageView {
  return {
    __proto__: prototype,
    messageId: message.messageId,
    topic: facts.topic,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    body: message.body,
    tag: message.tag,
    keys: message.keys,
    properties: message.properties,
    messageGroup: message.messageGroup,
    bornAtMs: message.bornAtMs,
    storedAtMs: message.storedAtMs,
    deliveryAttempt: facts.attempt,
    receiptHandle: '',
    invisibleUntilMs: 0,
  } as unknown as MessageView;
}

/** A view like another one, for a lease with a new end. */
export function renewedView(view: MessageView, delivery: DeliveryReference, untilMs: number): MessageView {
  const message = { ...view, tag: view.tag, messageGroup: view.messageGroup, topicId: 0 };
  return deliveredView(message, delivery, { topic: view.topic, attempt: view.deliveryAttempt, untilMs });
}

/** A message that this process holds a lease of. */
export type HeldMessage = UnsettledMessage;

/** The message of a genuine view while this very delivery is the valid one. */
export function heldMessage(view: MessageView): HeldMessage | undefined {
  const delivery = deliveryOf(view);
  const message = delivery?.queue.progress.unsettled.get(view.queueOffset);
  return message !== undefined && message.leaseNumber === delivery?.leaseNumber ? message : undefined;
}

/** The queue that a genuine view came from. */
export function queueOf(view: MessageView): GroupQueue {
  const delivery = deliveryOf(view);
  invariant(delivery !== undefined, 'a view of a listener call lost its delivery');
  return delivery.queue;
}

/** The delivery that a genuine view stands for; `undefined` for a copy. */
export function deliveryOf(view: MessageView): DeliveryReference | undefined {
  if (Object.getPrototypeOf(view) !== prototype) return undefined;
  return (view as { [DELIVERY]?: DeliveryReference })[DELIVERY];
}
