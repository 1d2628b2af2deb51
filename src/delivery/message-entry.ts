import type { SendReceipt } from '../model/message.ts';
import type { MessageDraft } from '../model/message-validation.ts';
import { tagHash } from '../model/tag-filter.ts';
import type { BlockBuilder } from '../storage/log/block.ts';
import type { CommitGroup } from '../storage/log/commit-group.ts';
import type { LogEntry } from '../storage/log/log-entry.ts';
import { writeMessage } from '../storage/log/message-record.ts';
import { RECORD } from '../storage/log/record-kinds.ts';
import { logPosition } from '../storage/log-position.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { Route } from './route.ts';
import type { SendCompletion, SentMessage } from './send-completion.ts';

/** Bytes that a message record takes beside its body, when it has neither keys nor properties. */
const RECORD_OVERHEAD_BYTES = 96;

/** One message on its way to the log: its bytes were copied when it joined, its queue offset is given when the write starts. */
export class MessageEntry implements LogEntry, SentMessage {
  readonly messageId: string;
  readonly route: Route;
  readonly #context: DeliveryContext;
  readonly #completion: SendCompletion;
  readonly #tagHash: number;
  readonly #builder: BlockBuilder;
  readonly #block: number;
  readonly #record: number;
  readonly #offsetAt: number;
  readonly #end: number;
  readonly #draft: MessageDraft;
  #queueOffset = -1;

  constructor(
    context: DeliveryContext,
    draft: MessageDraft,
    route: Route,
    join: { group: CommitGroup; completion: SendCompletion; nowMs: number },
  ) {
    this.#context = context;
    this.route = route;
    this.#completion = join.completion;
    this.messageId = context.ids.next(join.nowMs);
    this.#tagHash = tagHash(draft.tag);
    this.#builder = join.group.room(draft.body.length + RECORD_OVERHEAD_BYTES);
    this.#block = join.group.lastBlock;
    this.#record = this.#builder.begin(RECORD.message);
    this.#offsetAt = writeMessage(this.#builder, {
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
      body: draft.body,
    });
    this.#builder.end();
    this.#end = this.#builder.used;
    this.#draft = draft;
    join.completion.add(this);
  }

  seal(): void {
    this.#queueOffset = this.route.queue.reserve();
    this.#builder.setU64(this.#offsetAt, this.#queueOffset);
  }

  commit(firstSequence: number): void {
    const { queue, topic, groupHash } = this.route;
    const position = logPosition(firstSequence + this.#block, this.#record);
    queue.publish(this.#queueOffset, position, this.#tagHash, groupHash?.high ?? 0, groupHash?.low ?? 0);
    const { index } = this.#context.store;
    if (!queue.listed) index.noteQueue(queue);
    if (!topic.arrived) this.#context.arrivals.note(topic);
  }

  /** The last message of a call settles the call. */
  settle(): void {
    if (this.#completion.isLast(this)) this.#completion.settle();
  }

  fail(error: Error): void {
    this.route.queue.cancelReservations();
    this.#completion.failed(error, this);
  }

  /** What was sent, with bytes of its own: the caller may have written into the body since. */
  draft(): MessageDraft {
    const { body } = this.#draft;
    if (typeof body === 'string') return this.#draft;
    return { ...this.#draft, body: this.#builder.bytes.slice(this.#end - body.length, this.#end) };
  }

  receipt(durability: SendReceipt['durability']): SendReceipt {
    const { queue, topic } = this.route;
    return { messageId: this.messageId, topic: topic.record.name, queueId: queue.queueId, queueOffset: this.#queueOffset, durability };
  }
}
