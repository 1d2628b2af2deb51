import type { SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import type { MessageExtension } from '../../storage/log/message-extension.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import type { GroupHash } from '../../storage/message-group-hash.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Route } from './route.ts';
import { type JoinTerms, SentEntry } from './sent-entry.ts';

/** A message of a transaction: it has its queue already, but nobody sees it before the commit. */
export class HalfEntry extends SentEntry {
  readonly #transactionId: string;
  readonly #bornAtMs: number;
  readonly #dedupHash: GroupHash | undefined;

  constructor(
    context: DeliveryContext,
    draft: MessageDraft,
    route: Route,
    join: JoinTerms,
    extension: MessageExtension & { readonly transactionId: string },
  ) {
    super(context, draft, route, join, { kind: RECORD.half, extension });
    this.#transactionId = extension.transactionId;
    this.#bornAtMs = join.nowMs;
    this.#dedupHash = extension.dedup?.hash;
    context.store.index.transactions.grows(this.#transactionId);
  }

  override seal(): void {
    // It has no queue offset before the commit.
  }

  override commit(firstSequence: number): void {
    const { topic, queue, groupHash } = this.route;
    const half = {
      position: this.positionIn(firstSequence),
      topicId: topic.record.topicId,
      queueId: queue.queueId,
      tagHash: this.tagHash,
      groupHigh: groupHash?.high ?? 0,
      groupLow: groupHash?.low ?? 0,
      ...(this.#dedupHash === undefined ? {} : { dedupHash: this.#dedupHash }),
    };
    const { transactions } = this.context.store.index;
    transactions.arrived(this.#transactionId);
    const transaction = transactions.addHalf(this.#transactionId, half, this.#bornAtMs);
    this.context.transactionChecks.halfStored(transaction);
  }

  override receipt(durability: SendReceipt['durability']): SendReceipt {
    const topic = this.route.topic.record.name;
    return { messageId: this.messageId, topic, queueId: -1, queueOffset: -1, durability, transactionId: this.#transactionId };
  }

  protected override undo(): void {
    this.context.store.index.transactions.arrived(this.#transactionId);
  }
}
