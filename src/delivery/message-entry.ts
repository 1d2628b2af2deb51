import type { Durability, SendReceipt } from '../model/message.ts';
import type { MessageDraft } from '../model/message-validation.ts';
import { tagHash } from '../model/tag-filter.ts';
import type { ConsumeQueue } from '../storage/index/consume-queue.ts';
import type { BarrierWaiter } from '../storage/log/barriers.ts';
import type { BlockBuilder } from '../storage/log/block.ts';
import type { CommitGroup } from '../storage/log/commit-group.ts';
import type { LogEntry } from '../storage/log/log-entry.ts';
import { writeMessage } from '../storage/log/message-record.ts';
import { RECORD } from '../storage/log/record-kinds.ts';
import { logPosition } from '../storage/log-position.ts';
import type { GroupHash } from '../storage/message-group-hash.ts';
import type { DeliveryContext } from './delivery-context.ts';
import type { Topic } from './topic.ts';

/** Bytes that a message record takes beside its body, when it has neither keys nor properties. */
const RECORD_OVERHEAD_BYTES = 96;

/** Where a message goes. */
export interface Route {
  readonly topic: Topic;
  readonly queue: ConsumeQueue;
  readonly groupHash: GroupHash | undefined;
}

/** What a call of send waits for: one message, or a batch that is stored whole. */
export class SendCompletion implements BarrierWaiter {
  readonly entries: MessageEntry[] = [];
  readonly #context: DeliveryContext;
  readonly #durability: Durability;
  readonly #resolve: (receipts: SendReceipt[]) => void;
  readonly #reject: (error: Error) => void;
  #failed = false;

  constructor(
    context: DeliveryContext,
    durability: Durability,
    settle: { resolve: (receipts: SendReceipt[]) => void; reject: (error: Error) => void },
  ) {
    this.#context = context;
    this.#durability = durability;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  /** The write is done: an async send is answered, a sync one waits for the next barrier. */
  settle(): void {
    if (this.#durability === 'sync') this.#context.store.log.barriers.wait(this);
    else this.durable();
  }

  durable(): void {
    const reached = this.#context.storage === 'memory' ? 'memory' : this.#durability;
    const receipts = this.entries.map((entry) => entry.receipt(reached));
    this.#context.counters.sent += receipts.length;
    if (this.#context.events.listenerCount('sent') > 0) for (const receipt of receipts) this.#context.events.emit('sent', { ...receipt });
    this.#resolve(receipts);
  }

  failed(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#reject(error);
  }
}

/** One message on its way to the log: its bytes were copied when it joined, its queue offset is given when the write starts. */
export class MessageEntry implements LogEntry {
  readonly messageId: string;
  readonly #context: DeliveryContext;
  readonly #route: Route;
  readonly #completion: SendCompletion;
  readonly #tagHash: number;
  readonly #builder: BlockBuilder;
  readonly #block: number;
  readonly #record: number;
  readonly #offsetAt: number;
  #queueOffset = -1;

  constructor(context: DeliveryContext, draft: MessageDraft, route: Route, join: { group: CommitGroup; completion: SendCompletion }) {
    this.#context = context;
    this.#route = route;
    this.#completion = join.completion;
    this.messageId = context.ids.next();
    this.#tagHash = tagHash(draft.tag);
    this.#builder = join.group.room(draft.body.length + RECORD_OVERHEAD_BYTES);
    this.#block = join.group.lastBlock;
    this.#record = this.#builder.begin(RECORD.message);
    this.#offsetAt = writeMessage(this.#builder, {
      topicId: route.topic.record.topicId,
      queueId: route.queue.queueId,
      messageId: this.messageId,
      bornAtMs: context.clock.now(),
      tag: draft.tag,
      messageGroup: draft.messageGroup,
      groupHash: route.groupHash,
      keys: draft.keys,
      properties: draft.properties,
      body: draft.body,
    });
    this.#builder.end();
  }

  seal(): void {
    this.#queueOffset = this.#route.queue.reserve();
    this.#builder.setU64(this.#offsetAt, this.#queueOffset);
  }

  commit(firstSequence: number): void {
    const { queue, topic, groupHash } = this.#route;
    const position = logPosition(firstSequence + this.#block, this.#record);
    queue.publish(this.#queueOffset, position, this.#tagHash, groupHash?.high ?? 0, groupHash?.low ?? 0);
    const { index } = this.#context.store;
    if (!queue.listed) index.noteQueue(queue);
    if (!topic.arrived) this.#context.arrivals.note(topic);
  }

  /** The last message of a call settles the call. */
  settle(): void {
    if (this.#completion.entries.at(-1) === this) this.#completion.settle();
  }

  fail(error: Error): void {
    this.#route.queue.cancelReservations();
    this.#completion.failed(error);
  }

  receipt(durability: SendReceipt['durability']): SendReceipt {
    const { queue, topic } = this.#route;
    return { messageId: this.messageId, topic: topic.record.name, queueId: queue.queueId, queueOffset: this.#queueOffset, durability };
  }
}
