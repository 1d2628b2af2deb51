import type { SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { tagHash } from '../../model/tag-filter.ts';
import type { BlockBuilder } from '../../storage/log/block.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import type { MessageExtension } from '../../storage/log/message-extension.ts';
import { writeMessage } from '../../storage/log/message-record.ts';
import { type LogPosition, logPosition } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Route } from './route.ts';
import type { SendCompletion, SentMessage } from './send-completion.ts';

/** Bytes that a message record takes beside its body, when it has neither keys nor properties. */
const RECORD_OVERHEAD_BYTES = 96;

/** What a message joins, and whom it tells. */
export interface JoinTerms {
  readonly group: CommitGroup;
  readonly completion: SendCompletion;
  readonly nowMs: number;
  /** Present for a message of a transaction. */
  readonly transactionId?: string | undefined;
}

/** One message on its way to the log: its bytes were copied when it joined. What becomes of it at the commit depends on its kind. */
export abstract class SentEntry implements LogEntry, SentMessage {
  readonly messageId: string;
  readonly route: Route;
  protected readonly context: DeliveryContext;
  protected readonly tagHash: number;
  protected readonly builder: BlockBuilder;
  /** Where its queue offset is written once it is known. */
  protected readonly offsetAt: number;
  readonly #completion: SendCompletion;
  readonly #block: number;
  readonly #record: number;
  readonly #end: number;
  readonly #draft: MessageDraft;

  constructor(
    context: DeliveryContext,
    draft: MessageDraft,
    route: Route,
    join: JoinTerms,
    record: { readonly kind: number; readonly extension: MessageExtension | undefined },
  ) {
    this.context = context;
    this.route = route;
    this.#completion = join.completion;
    this.messageId = context.ids.next(join.nowMs);
    this.tagHash = tagHash(draft.tag);
    this.builder = join.group.room(draft.body.length + RECORD_OVERHEAD_BYTES);
    this.#block = join.group.lastBlock;
    this.#record = this.builder.begin(record.kind);
    this.offsetAt = writeMessage(this.builder, {
      topicId: route.topic.record.topicId,
      queueId: route.queue.queueId,
      messageId: this.messageId,
      idBytes: context.ids.bytes,
      bornAtMs: join.nowMs,
      tag: draft.tag,
      messageGroup: draft.messageGroup,
      groupHash: route.groupHash,
      keys: draft.keys,
      properties: draft.properties,
      extension: record.extension,
      body: draft.body,
    });
    this.builder.end();
    this.#end = this.builder.used;
    this.#draft = draft;
    join.completion.add(this);
  }

  abstract seal(): void;
  abstract commit(firstSequence: number): void;
  abstract receipt(durability: SendReceipt['durability']): SendReceipt;
  /** The group is not on disk: what was reserved for the message is free again. */
  protected abstract undo(): void;

  /** The last message of a call settles the call. */
  settle(): void {
    if (this.#completion.isLast(this)) this.#completion.settle();
  }

  fail(error: Error): void {
    this.undo();
    this.#completion.failed(error, this);
  }

  /** What was sent, with bytes of its own: the caller may have written into the body since. */
  draft(): MessageDraft {
    const { body } = this.#draft;
    if (typeof body === 'string') return this.#draft;
    return { ...this.#draft, body: this.builder.bytes.slice(this.#end - body.length, this.#end) };
  }

  positionIn(firstSequence: number): LogPosition {
    return logPosition(firstSequence + this.#block, this.#record);
  }
}
