import type { SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import type { MessageExtension } from '../../storage/log/message-extension.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Route } from './route.ts';
import { type JoinTerms, SentEntry } from './sent-entry.ts';

/** A message that is visible as soon as it is stored; its queue offset is given when the write starts. */
export class MessageEntry extends SentEntry {
  #queueOffset = -1;

  constructor(context: DeliveryContext, draft: MessageDraft, route: Route, join: JoinTerms, extension?: MessageExtension) {
    super(context, draft, route, join, { kind: RECORD.message, extension });
  }

  override seal(): void {
    this.#queueOffset = this.route.queue.reserve();
    this.builder.setU64(this.offsetAt, this.#queueOffset);
  }

  override commit(firstSequence: number): void {
    const { queue, topic, groupHash } = this.route;
    const position = this.positionIn(firstSequence);
    queue.publish(this.#queueOffset, position, this.tagHash, groupHash?.high ?? 0, groupHash?.low ?? 0);
    const { index } = this.context.store;
    if (!queue.listed) index.noteQueue(queue);
    if (!topic.arrived) this.context.arrivals.note(topic);
  }

  override receipt(durability: SendReceipt['durability']): SendReceipt {
    const { queue, topic } = this.route;
    const { queueId } = topic.placeOf(queue.queueId);
    return { messageId: this.messageId, topic: topic.record.name, queueId, queueOffset: this.#queueOffset, durability };
  }

  protected override undo(): void {
    this.route.queue.cancelReservations();
  }
}
