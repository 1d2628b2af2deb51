import { BrokerError, illegalArgument } from '../../model/errors.ts';
import type { Durability, Message, SendReceipt } from '../../model/message.ts';
import { checkDeliveryInstant } from '../../model/message-terms.ts';
import { type MessageDraft, validateMessage } from '../../model/message-validation.ts';
import { checkTopicType } from '../../model/topic.ts';
import type { TopicType } from '../../model/topic-type.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topic } from '../topic.ts';
import type { Topics } from '../topics.ts';
import { isEnding } from '../waiting/end-transaction.ts';
import type { DedupClaim } from './dedup-claim.ts';
import type { Deduplication } from './deduplication.ts';
import { joinMessage } from './join-message.ts';
import { isKeyed, KeyedCall } from './keyed-call.ts';
import { chooseQueue } from './queue-selection.ts';
import type { Route } from './route.ts';
import { BatchSend, type SendCompletion, type SendTerms, type SendWriter, SingleSend } from './send-completion.ts';
import { aborted, type GateOptions, leftMs, type SendGate } from './send-gate.ts';
import { SendOrder, type Turn } from './send-order.ts';
import { withinLimits } from './within-limits.ts';

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

/** Messages of a call that have joined the log, or will never have to. */
interface Joined {
  readonly receipts: Promise<SendReceipt[]>;
}

/** Stores messages: validates, chooses queues, and lets them join the open group commit. */
export class Sender implements SendWriter {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #gate: SendGate;
  readonly #deduplication: Deduplication;
  readonly #order = new SendOrder();

  constructor(
    context: DeliveryContext,
    parts: { readonly topics: Topics; readonly gate: SendGate; readonly deduplication: Deduplication },
  ) {
    this.#context = context;
    this.#topics = parts.topics;
    this.#gate = parts.gate;
    this.#deduplication = parts.deduplication;
  }

  /** Throws what is wrong with the call; the promise tells what became of the write. */
  send(message: Message, options: ResolvedSendOptions): Promise<SendReceipt> {
    this.#context.assertOpen();
    const draft = this.validate(message);
    if (options.transactionId !== undefined && draft.terms?.delivery !== undefined)
      throw illegalArgument('A message of a transaction has no delivery time: it is delivered when the transaction is committed');
    if (options.signal?.aborted) throw aborted(options.signal);
    const topic = this.#topics.loaded(draft.topic);
    const isHeld = this.#order.holds(draft) || this.#isEnding(options.transactionId);
    if (topic === undefined || isHeld || !this.#gate.isOpen(draft.body.length)) return this.#sendLater([draft], options).then(only);
    checkTopicType(draft.topic, topic.record.options.type, draft, options.transactionId !== undefined);
    const key = draft.terms?.dedupKey;
    if (key === undefined) return this.#joinOne(draft, chooseQueue(topic, draft), options);
    const claim = this.#deduplication.claimNew(topic, key);
    if (claim === undefined) return this.#sendLater([draft], options).then(only);
    return this.#joinOne(draft, chooseQueue(topic, draft), options, claim);
  }

  /** All messages or none, in their order. */
  sendBatch(messages: readonly Message[], options: ResolvedSendOptions): Promise<SendReceipt[]> {
    this.#context.assertOpen();
    const drafts = this.#validateBatch(messages);
    if (options.signal?.aborted) throw aborted(options.signal);
    if (drafts.length === 0) return Promise.resolve([]);
    let bytes = 0;
    let hasKeys = false;
    for (const draft of drafts) {
      if (this.#topics.loaded(draft.topic) === undefined || this.#order.holds(draft)) return this.#sendLater(drafts, options);
      bytes += draft.body.length;
      hasKeys ||= isKeyed(draft);
    }
    if (!this.#gate.isOpen(bytes)) return this.#sendLater(drafts, options);
    if (!hasKeys) return this.#join(drafts, options);
    const attempt = this.#deduplication.isReady ? this.#tryKeyed(new KeyedCall(drafts), options) : undefined;
    if (attempt?.receipts !== undefined) return attempt.receipts;
    // What keeps it from being known is met again on the longer way, and there its failure is answered.
    attempt?.wait.catch(() => undefined);
    return this.#sendLater(drafts, options);
  }

  /** The way of a send whose topic is not loaded, that has to wait for room, or of which it is not known whether it is a duplicate. */
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
    const left = (): ResolvedSendOptions => {
      return { ...options, timeoutMs: Math.min(options.timeoutMs, leftMs(endsAtMs, clock.monotonic())) };
    };
    const hasKeys = drafts.some(isKeyed);
    const turn = this.turnOf(drafts, hasKeys);
    let joined: Joined;
    try {
      await this.#obtainTopics(drafts, options);
      if (hasKeys) await withinLimits(clock, this.#deduplication.ready(), left());
      if (turn !== undefined) await withinLimits(clock, turn.before, left());
      joined = await this.#joinWhenOpen(drafts, hasKeys ? new KeyedCall(drafts) : undefined, left);
    } finally {
      turn?.leave();
    }
    return await joined.receipts;
  }

  /** Waits for room and for what others do with the same keys, until the messages join the log or turn out to be duplicates. */
  async #joinWhenOpen(drafts: readonly MessageDraft[], call: KeyedCall | undefined, left: () => ResolvedSendOptions): Promise<Joined> {
    let bytes = 0;
    for (const draft of drafts) bytes += draft.body.length;
    for (;;) {
      if (!this.#gate.isOpen(bytes)) await this.#gate.enter(bytes, left());
      this.#context.assertOpen();
      const options = left();
      if (options.signal?.aborted) throw aborted(options.signal);
      if (this.#isEnding(options.transactionId)) {
        await withinLimits(this.#context.clock, this.#context.store.log.nextCommit(), options);
        continue;
      }
      const attempt = call === undefined ? { receipts: this.#join(drafts, options) } : this.#tryKeyed(call, options);
      if (attempt.receipts !== undefined) return attempt;
      await withinLimits(this.#context.clock, attempt.wait, left());
    }
  }

  #isEnding(transactionId: string | undefined): boolean {
    return transactionId !== undefined && isEnding(this.#context, transactionId);
  }

  /** Lets what is new join the log, unless something has to be waited for before that is known. */
  #tryKeyed(call: KeyedCall, options: ResolvedSendOptions): Joined | { readonly receipts: undefined; readonly wait: Promise<void> } {
    const wait = call.claim(this.#deduplication, (draft) => this.topicOf(draft, options.transactionId !== undefined));
    if (wait !== undefined) return { receipts: undefined, wait };
    const { drafts, claims } = call;
    if (drafts.length === 0) return { receipts: this.#answerDuplicates(call, options) };
    const stored = this.#join(drafts, options, claims);
    return { receipts: stored.then((receipts) => this.#withDuplicates(call, receipts, (receipts[0] as SendReceipt).durability)) };
  }

  /** Nothing is stored: the receipts claim what is so of the first messages, which for a sync send may take a barrier. */
  async #answerDuplicates(call: KeyedCall, options: ResolvedSendOptions): Promise<SendReceipt[]> {
    const { store, clock, storage } = this.#context;
    const { barriers } = store.log;
    const isDurable = storage === 'memory' || options.durability === 'async' || barriers.isClean;
    if (!isDurable) await withinLimits(clock, barriers.flush(), options);
    return this.#withDuplicates(call, [], storage === 'memory' ? 'memory' : options.durability);
  }

  #withDuplicates(call: KeyedCall, stored: readonly SendReceipt[], durability: SendReceipt['durability']): SendReceipt[] {
    const receipts = call.receipts(stored, durability);
    this.#context.counters.duplicates += receipts.length - stored.length;
    return receipts;
  }

  /** A place behind those of the same message groups that wait, which keeps others behind; nothing where nothing is to be waited for. */
  turnOf(drafts: readonly MessageDraft[], hasKeys: boolean): Turn | undefined {
    return hasKeys || drafts.some((draft) => this.#order.holds(draft)) ? this.#order.enter(drafts) : undefined;
  }

  /** Whether the topics of messages are there, and room for them: the usual case, in which nothing has to be waited for. */
  isPrepared(drafts: readonly MessageDraft[], bytes: number): boolean {
    return drafts.every(({ topic }) => this.#topics.loaded(topic) !== undefined) && this.#gate.isOpen(bytes);
  }

  /** Resolves when the topics of messages are there and there is room for them: what happens in the same turn meets both. */
  async prepare(drafts: readonly MessageDraft[], { bytes, ...terms }: TopicTerms & { readonly bytes: number }): Promise<void> {
    await this.#obtainTopics(drafts, terms);
    if (!this.#gate.isOpen(bytes)) await this.#gate.enter(bytes, { onFull: 'wait', timeoutMs: terms.timeoutMs, signal: undefined });
    this.#context.assertOpen();
  }

  /** A topic whose creation takes longer than the call may is created all the same; the send has stored nothing. */
  async #obtainTopics(drafts: readonly MessageDraft[], { timeoutMs, topicTypes }: TopicTerms): Promise<void> {
    const missing = [...new Set(drafts.map(({ topic }) => topic))].filter((topic) => this.#topics.loaded(topic) === undefined);
    const obtained = (async (): Promise<void> => {
      for (const topic of missing) await this.#topics.obtain(topic, topicTypes?.get(topic));
    })();
    await withinLimits(this.#context.clock, obtained, { timeoutMs, signal: undefined });
  }

  /** The topic of a message, which is loaded and accepts it. */
  topicOf(draft: MessageDraft, isTransactional = false): Topic {
    const topic = this.#topics.loaded(draft.topic);
    if (topic === undefined)
      throw new BrokerError('MQ_TOPIC_NOT_FOUND', `Topic ${JSON.stringify(draft.topic)} was deleted while the send waited`);
    checkTopicType(draft.topic, topic.record.options.type, draft, isTransactional);
    return topic;
  }

  /** Where a message goes; its topic is loaded. */
  route(draft: MessageDraft, isTransactional = false): Route {
    return chooseQueue(this.topicOf(draft, isTransactional), draft);
  }

  #join(drafts: readonly MessageDraft[], options: ResolvedSendOptions, claims?: BatchSend['claims']): Promise<SendReceipt[]> {
    const routes = drafts.map((draft) => this.route(draft, options.transactionId !== undefined));
    return new Promise((resolve, reject) => {
      const completion = new BatchSend(this.#context, options, { resolve, reject }, this);
      completion.claims = claims;
      this.write(drafts, routes, completion);
    });
  }

  #joinOne(draft: MessageDraft, route: Route, options: ResolvedSendOptions, claim?: DedupClaim): Promise<SendReceipt> {
    return new Promise((resolve, reject) => {
      const completion = new SingleSend(this.#context, options, { resolve, reject }, this);
      completion.claim = claim;
      this.#writeOne(draft, route, completion);
    });
  }

  /** Lets the messages join the open group, all of them the same one: that is what makes a batch whole. */
  write(drafts: readonly MessageDraft[], routes: readonly Route[], completion: SendCompletion): void {
    const { log } = this.#context.store;
    const group = log.open();
    if (completion.terms.durability === 'sync') group.needsBarrier = true;
    const { transactionId } = completion.terms;
    const join = { group, completion, nowMs: this.#context.clock.now(), transactionId };
    const claims: DedupClaim[] = [];
    for (let i = 0; i < drafts.length; i++) {
      const claim = completion.claimOf(i);
      joinMessage(this.#context, drafts[i] as MessageDraft, routes[i] as Route, join, claim);
      if (claim !== undefined) claims.push(claim);
    }
    for (const claim of claims) log.join(group, claim, 0);
  }

  #writeOne(draft: MessageDraft, route: Route, completion: SingleSend): void {
    const { log } = this.#context.store;
    const group = log.open();
    if (completion.terms.durability === 'sync') group.needsBarrier = true;
    const { transactionId } = completion.terms;
    const { claim } = completion;
    joinMessage(this.#context, draft, route, { group, completion, nowMs: this.#context.clock.now(), transactionId }, claim);
    if (claim !== undefined) log.join(group, claim, 0);
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
