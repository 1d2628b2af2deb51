import type { Timer } from '../model/clock.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import type { Durability, Message, SendReceipt } from '../model/message.ts';
import { checkDeliveryInstant } from '../model/message-terms.ts';
import { type MessageDraft, validateMessage } from '../model/message-validation.ts';
import { checkTopicType } from '../model/topic.ts';
import type { TopicType } from '../model/topic-type.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { joinMessage } from './join-message.ts';
import { chooseQueue } from './queue-selection.ts';
import type { Route } from './route.ts';
import { BatchSend, type SendCompletion, type SendTerms, type SendWriter, SingleSend } from './send-completion.ts';
import { aborted, type GateOptions, leftMs, type SendGate, timedOut } from './send-gate.ts';
import type { Topics } from './topics.ts';

/** Options of a send, with every default in place. */
export interface ResolvedSendOptions extends GateOptions, SendTerms, TopicTerms {
  readonly durability: Durability;
}

/** How the topics of messages come to be. */
interface TopicTerms {
  readonly timeoutMs: number;
  /** What typed topics become when this call is what creates them, by name; absent for most. */
  readonly topicTypes?: ReadonlyMap<string, TopicType> | undefined;
}

/** Stores messages: validates, chooses queues, and lets them join the open group commit. */
export class Sender implements SendWriter {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #gate: SendGate;

  constructor(context: DeliveryContext, topics: Topics, gate: SendGate) {
    this.#context = context;
    this.#topics = topics;
    this.#gate = gate;
  }

  /** Throws what is wrong with the call; the promise tells what became of the write. */
  send(message: Message, options: ResolvedSendOptions): Promise<SendReceipt> {
    this.#context.assertOpen();
    const draft = this.validate(message);
    if (options.transactionId !== undefined && draft.terms?.delivery !== undefined)
      throw illegalArgument('A message of a transaction has no delivery time: it is delivered when the transaction is committed');
    if (options.signal?.aborted) throw aborted(options.signal);
    const topic = this.#topics.loaded(draft.topic);
    if (topic === undefined || !this.#gate.isOpen(draft.body.length)) return this.#sendLater([draft], options).then(only);
    checkTopicType(draft.topic, topic.record.options.type, draft, options.transactionId !== undefined);
    return this.#joinOne(draft, chooseQueue(topic, draft), options);
  }

  /** All messages or none, in their order. */
  sendBatch(messages: readonly Message[], options: ResolvedSendOptions): Promise<SendReceipt[]> {
    this.#context.assertOpen();
    const drafts = this.#validateBatch(messages);
    if (options.signal?.aborted) throw aborted(options.signal);
    if (drafts.length === 0) return Promise.resolve([]);
    let bytes = 0;
    for (const { topic, body } of drafts) {
      if (this.#topics.loaded(topic) === undefined) return this.#sendLater(drafts, options);
      bytes += body.length;
    }
    if (!this.#gate.isOpen(bytes)) return this.#sendLater(drafts, options);
    const routes = drafts.map((draft) => this.route(draft));
    return this.#join(drafts, routes, options);
  }

  /** The way of a send whose topic is not loaded, or that has to wait for room. */
  async #sendLater(drafts: readonly MessageDraft[], options: ResolvedSendOptions): Promise<SendReceipt[]> {
    const { tracker } = options;
    tracker.pending++;
    try {
      return await this.#sendWhenReady(drafts.map(withOwnBody), options);
    } finally {
      if (--tracker.pending === 0) tracker.onIdle?.();
    }
  }

  /** What the topics and the room have taken of the call's time, the write does not get any more. */
  async #sendWhenReady(drafts: readonly MessageDraft[], options: ResolvedSendOptions): Promise<SendReceipt[]> {
    const { clock } = this.#context;
    const endsAtMs = clock.monotonic() + options.timeoutMs;
    const timeoutMs = (): number => Math.min(options.timeoutMs, leftMs(endsAtMs, clock.monotonic()));
    await this.#obtainTopics(drafts, options);
    let bytes = 0;
    for (const draft of drafts) bytes += draft.body.length;
    if (!this.#gate.isOpen(bytes)) await this.#gate.enter(bytes, { ...options, timeoutMs: timeoutMs() });
    this.#context.assertOpen();
    if (options.signal?.aborted) throw aborted(options.signal);
    const routes = drafts.map((draft) => this.route(draft, options.transactionId !== undefined));
    return await this.#join(drafts, routes, { ...options, timeoutMs: timeoutMs() });
  }

  /** Resolves when the topics of messages are there and there is room for them: what happens in the same turn meets both. */
  async prepare(drafts: readonly MessageDraft[], bytes: number, terms: TopicTerms): Promise<void> {
    await this.#obtainTopics(drafts, terms);
    if (!this.#gate.isOpen(bytes)) await this.#gate.enter(bytes, { onFull: 'wait', timeoutMs: terms.timeoutMs, signal: undefined });
    this.#context.assertOpen();
  }

  /** A topic whose creation takes longer than the call may is created all the same; the send has stored nothing. */
  async #obtainTopics(drafts: readonly MessageDraft[], { timeoutMs, topicTypes }: TopicTerms): Promise<void> {
    const missing = [...new Set(drafts.map(({ topic }) => topic))].filter((topic) => this.#topics.loaded(topic) === undefined);
    if (missing.length === 0) return;
    let timer: Timer | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = this.#context.clock.setTimer(timeoutMs, () => reject(timedOut(timeoutMs)));
    });
    const obtained = (async (): Promise<void> => {
      for (const topic of missing) await this.#topics.obtain(topic, topicTypes?.get(topic));
    })();
    await Promise.race([obtained, limit]).finally(() => timer?.cancel());
  }

  /** Where a message goes; its topic is loaded. */
  route(draft: MessageDraft, isTransactional = false): Route {
    const topic = this.#topics.loaded(draft.topic);
    if (topic === undefined)
      throw new BrokerError('MQ_TOPIC_NOT_FOUND', `Topic ${JSON.stringify(draft.topic)} was deleted while the send waited`);
    checkTopicType(draft.topic, topic.record.options.type, draft, isTransactional);
    return chooseQueue(topic, draft);
  }

  #join(drafts: readonly MessageDraft[], routes: readonly Route[], options: ResolvedSendOptions): Promise<SendReceipt[]> {
    return new Promise((resolve, reject) => {
      this.write(drafts, routes, new BatchSend(this.#context, options, { resolve, reject }, this));
    });
  }

  #joinOne(draft: MessageDraft, route: Route, options: ResolvedSendOptions): Promise<SendReceipt> {
    return new Promise((resolve, reject) => {
      this.#writeOne(draft, route, new SingleSend(this.#context, options, { resolve, reject }, this));
    });
  }

  /** Lets the messages join the open group, all of them the same one: that is what makes a batch whole. */
  write(drafts: readonly MessageDraft[], routes: readonly Route[], completion: SendCompletion): void {
    const { log } = this.#context.store;
    const group = log.open();
    if (completion.terms.durability === 'sync') group.needsBarrier = true;
    const { transactionId } = completion.terms;
    const join = { group, completion, nowMs: this.#context.clock.now(), transactionId };
    for (let i = 0; i < drafts.length; i++) joinMessage(this.#context, drafts[i] as MessageDraft, routes[i] as Route, join);
  }

  #writeOne(draft: MessageDraft, route: Route, completion: SendCompletion): void {
    const { log } = this.#context.store;
    const group = log.open();
    if (completion.terms.durability === 'sync') group.needsBarrier = true;
    const { transactionId } = completion.terms;
    joinMessage(this.#context, draft, route, { group, completion, nowMs: this.#context.clock.now(), transactionId });
  }

  /** A message that keeps every rule. Throws what is wrong with it. */
  validate(message: Message): MessageDraft {
    const { limits, clock } = this.#context;
    const draft = validateMessage(message, limits);
    if (draft.terms !== undefined) checkDeliveryInstant(draft.terms.delivery, limits, clock.now());
    return draft;
  }

  #validateBatch(messages: readonly Message[]): MessageDraft[] {
    if (!Array.isArray(messages)) throw illegalArgument('sendBatch takes an array of messages');
    const { limits } = this.#context;
    if (messages.length > limits.maxBatchMessages) {
      throw new BrokerError(
        'MQ_PAYLOAD_TOO_LARGE',
        `A batch of ${messages.length} messages exceeds limits.maxBatchMessages (${limits.maxBatchMessages}); send several`,
      );
    }
    const drafts = messages.map((message) => this.validate(message));
    let bytes = 0;
    for (const draft of drafts) bytes += draft.body.length;
    if (bytes > limits.maxBatchBytes) {
      throw new BrokerError(
        'MQ_PAYLOAD_TOO_LARGE',
        `A batch of ${bytes} bytes exceeds limits.maxBatchBytes (${limits.maxBatchBytes}); send several`,
      );
    }
    return drafts;
  }
}

/** A message that waits keeps its own bytes: the caller may write into its buffer as soon as `send` has returned. `slice` of a Buffer would share. */
export function withOwnBody(draft: MessageDraft): MessageDraft {
  return typeof draft.body === 'string' ? draft : { ...draft, body: new Uint8Array(draft.body) };
}

function only(receipts: readonly SendReceipt[]): SendReceipt {
  return receipts[0] as SendReceipt;
}
