import { illegalArgument } from '../../model/errors.ts';
import type { Durability, Message, SendReceipt } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { checkTopicType } from '../../model/topic.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { isEnding } from '../waiting/end-transaction.ts';
import type { DedupClaim } from './dedup-claim.ts';
import type { Deduplication } from './deduplication.ts';
import { joinMessage } from './join-message.ts';
import { isKeyed, KeyedCall } from './keyed-call.ts';
import { draftOf, draftsOf, withOwnBody } from './message-drafts.ts';
import { chooseQueue } from './queue-selection.ts';
import type { Route } from './route.ts';
import { BatchSend, type SendCompletion, type SendTerms, type SendWriter, SingleSend } from './send-completion.ts';
import { aborted, type GateOptions, leftMs, type SendGate } from './send-gate.ts';
import type { SendReadiness, TopicTerms } from './send-readiness.ts';
import { withinLimits } from './within-limits.ts';

/** Options of a send, with every default in place. */
export interface ResolvedSendOptions extends GateOptions, SendTerms, TopicTerms {
  readonly durability: Durability;
}

/** Messages of a call that have joined the log, or will never have to. */
interface Joined {
  readonly receipts: Promise<SendReceipt[]>;
}

/** Stores messages: validates, chooses queues, and lets them join the open group commit. */
export class Sender implements SendWriter {
  readonly #context: DeliveryContext;
  readonly #gate: SendGate;
  readonly #deduplication: Deduplication;
  readonly #readiness: SendReadiness;

  constructor(
    context: DeliveryContext,
    parts: { readonly readiness: SendReadiness; readonly gate: SendGate; readonly deduplication: Deduplication },
  ) {
    this.#context = context;
    this.#readiness = parts.readiness;
    this.#gate = parts.gate;
    this.#deduplication = parts.deduplication;
  }

  /** Throws what is wrong with the call; the promise tells what became of the write. */
  send(message: Message, options: ResolvedSendOptions): Promise<SendReceipt> {
    this.#context.assertOpen();
    const draft = draftOf(this.#context, message);
    if (options.transactionId !== undefined && draft.terms?.delivery !== undefined)
      throw illegalArgument('A message of a transaction has no delivery time: it is delivered when the transaction is committed');
    if (options.signal?.aborted) throw aborted(options.signal);
    const topic = this.#readiness.loaded(draft.topic);
    const isHeld = this.#readiness.holds(draft) || this.#isEnding(options.transactionId);
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
    const drafts = draftsOf(this.#context, messages);
    if (options.signal?.aborted) throw aborted(options.signal);
    if (drafts.length === 0) return Promise.resolve([]);
    let bytes = 0;
    let hasKeys = false;
    for (const draft of drafts) {
      if (this.#readiness.loaded(draft.topic) === undefined || this.#readiness.holds(draft)) return this.#sendLater(drafts, options);
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
    const turn = this.#readiness.turnOf(drafts, hasKeys);
    let joined: Joined;
    try {
      await this.#readiness.obtainTopics(drafts, options);
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
    const wait = call.claim(this.#deduplication, (draft) => this.#readiness.topicOf(draft, options.transactionId !== undefined));
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

  #join(drafts: readonly MessageDraft[], options: ResolvedSendOptions, claims?: BatchSend['claims']): Promise<SendReceipt[]> {
    const routes = drafts.map((draft) => this.#readiness.route(draft, options.transactionId !== undefined));
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
}

function only(receipts: readonly SendReceipt[]): SendReceipt {
  return receipts[0] as SendReceipt;
}
