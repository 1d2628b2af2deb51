import type { SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { clocksAt, type DelayClocks } from '../../storage/index/delay-clocks.ts';
import type { TimerKind } from '../../storage/index/delays.ts';
import type { MessageExtension } from '../../storage/log/message-extension.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Route } from './route.ts';
import { type JoinTerms, SentEntry } from './sent-entry.ts';

/** A message that waits for its time: it has its queue already, but no place in it. */
export class DelayedEntry extends SentEntry {
  readonly #kind: TimerKind;
  readonly #dueAtMs: number;
  readonly #clocks: DelayClocks | undefined;
  #position = 0;

  constructor(
    context: DeliveryContext,
    draft: MessageDraft,
    route: Route,
    join: JoinTerms,
    extension: MessageExtension & { readonly deliverAtMs: number },
  ) {
    super(context, draft, route, join, { kind: RECORD.delayed, extension });
    this.#kind = extension.delayMs === undefined ? 'instant' : 'delay';
    this.#dueAtMs = extension.deliverAtMs;
    this.#clocks = clocksAt(join.nowMs, extension);
  }

  override seal(): void {
    // It has no queue offset before it is due.
  }

  override commit(firstSequence: number): void {
    const { topic, queue, groupHash } = this.route;
    const { delays } = this.context.store.index;
    this.#position = this.positionIn(firstSequence);
    if (this.#clocks !== undefined) delays.clocksStood(this.#clocks);
    delays.add(this.#kind, {
      dueAtMs: this.#dueAtMs,
      position: this.#position,
      topicId: topic.record.topicId,
      queueId: queue.queueId,
      tagHash: this.tagHash,
      groupHigh: groupHash?.high ?? 0,
      groupLow: groupHash?.low ?? 0,
    });
    this.context.timers.changed(this.#kind, this.#dueAtMs);
  }

  override receipt(durability: SendReceipt['durability']): SendReceipt {
    const { messageId, context } = this;
    const { topicId, name } = this.route.topic.record;
    const target = { kind: this.#kind, topicId, dueAtMs: this.#dueAtMs, position: this.#position, messageId };
    return {
      messageId,
      topic: name,
      queueId: -1,
      queueOffset: -1,
      durability,
      // Built only when somebody reads it, which few do: it costs more than the rest of the receipt.
      get recallHandle() {
        return context.recallHandles.encode(target);
      },
    };
  }

  protected override undo(): void {
    // Nothing was reserved.
  }
}
