import type { Delivery } from '../delivery/delivery.ts';
import { LeasingMember, type MemberCallbacks } from '../delivery/groups/leasing-member.ts';
import { illegalArgument } from '../model/errors.ts';
import { type GroupKind, resolveStartFrom } from '../model/group.ts';
import type { MessageView } from '../model/message.ts';
import type { CloseOptions, PushConsumer, PushConsumerOptions } from '../model/messaging.ts';
import { checkFieldNames, requireInteger, requireObject } from '../model/option-checks.ts';
import { quoted } from '../model/quoted.ts';
import { schemasOf } from '../model/subscriptions.ts';
import { ListenerCall, ListenerFailure } from './listener-call.ts';
import { ListenerOutcomes } from './listener-outcomes.ts';
import { RunningCalls } from './running-calls.ts';
import { filtersOf, groupOf } from './subscription-options.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'group',
  'subscriptions',
  'listener',
  'concurrency',
  'consumeTimeoutMs',
  'maxCachedMessages',
  'maxCachedBytes',
  'startFrom',
  'mode',
]);
const DEFAULT_CONCURRENCY = 20;
const DEFAULT_CONSUME_TIMEOUT_MS = 900_000;
const DEFAULT_CLOSE_DEADLINE_MS = 30_000;
const MAX_CONCURRENCY = 65_536;

/** A consumer whose listener is called with each message as soon as a call is free. */
export class LocalPushConsumer implements PushConsumer {
  readonly #delivery: Delivery;
  readonly #options: { listener: PushConsumerOptions['listener']; concurrency: number; consumeTimeoutMs: number };
  readonly #outcomes: ListenerOutcomes;
  readonly #onClose: (consumer: LocalPushConsumer) => void;
  readonly #calls: RunningCalls;
  #member: LeasingMember | undefined;
  /** Messages that are being handed out or listened to; never more than `concurrency`. */
  #taken = 0;
  #paused = false;
  #pumping = false;
  #releaseProcess: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  private constructor(delivery: Delivery, options: PushConsumerOptions, onClose: (consumer: LocalPushConsumer) => void) {
    const { limits } = delivery.context;
    checkFieldNames('The options of a push consumer', requireObject('The options of a push consumer', options), KNOWN);
    if (typeof options.listener !== 'function') throw illegalArgument('A push consumer needs a listener function');
    this.#delivery = delivery;
    this.#onClose = onClose;
    this.#outcomes = new ListenerOutcomes(delivery.context, options.group);
    const timeoutMs = options.consumeTimeoutMs ?? Math.min(DEFAULT_CONSUME_TIMEOUT_MS, limits.maxInvisibleDurationMs);
    const concurrency = requireInteger('concurrency', options.concurrency ?? DEFAULT_CONCURRENCY, 1, MAX_CONCURRENCY);
    const cached = requireInteger('maxCachedMessages', options.maxCachedMessages ?? MAX_CONCURRENCY, 1);
    requireInteger('maxCachedBytes', options.maxCachedBytes ?? 1, 1);
    this.#options = {
      listener: options.listener,
      concurrency: Math.min(concurrency, cached),
      consumeTimeoutMs: requireInteger('consumeTimeoutMs', timeoutMs, 1, limits.maxInvisibleDurationMs),
    };
    this.#calls = new RunningCalls(delivery.context.clock, this.#options.consumeTimeoutMs, (call) => this.#timeOut(call));
  }

  static async open(
    delivery: Delivery,
    options: PushConsumerOptions,
    onClose: (consumer: LocalPushConsumer) => void,
  ): Promise<LocalPushConsumer> {
    const consumer = new LocalPushConsumer(delivery, options, onClose);
    const { limits } = delivery.context;
    const callbacks: MemberCallbacks = {
      onWake: () => consumer.#pump(),
      onLeaseExpired: (message) => consumer.#leaseExpired(message),
    };
    const member = await delivery.groups.join(groupOf(options, limits), filtersOf(options.subscriptions, delivery.context), {
      kind: kindOf(options.mode),
      startFrom: options.startFrom === undefined ? undefined : resolveStartFrom(options.startFrom),
      open: (groups) => new LeasingMember(delivery.context, groups, { schemas: schemasOf(options.subscriptions), callbacks }),
    });
    consumer.#start(member);
    return consumer;
  }

  pause(): void {
    this.#paused = true;
    this.#letGo();
  }

  resume(): void {
    if (this.#closing !== undefined) return;
    this.#paused = false;
    this.#hold();
    this.#pump();
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const deadlineMs = requireInteger('deadlineMs', options.deadlineMs ?? DEFAULT_CLOSE_DEADLINE_MS, 0);
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(member: LeasingMember): void {
    this.#member = member;
    this.#hold();
    this.#pump();
  }

  /** Takes as many messages as there are free listener calls. */
  #pump(): void {
    const member = this.#member;
    if (member === undefined || this.#paused || this.#closing !== undefined) return;
    const free = this.#options.concurrency - this.#taken;
    if (free <= 0) return;
    // Kept meanwhile: what is filtered may wake this consumer in the middle of the call.
    this.#taken += free;
    const taken = member.take(free, this.#options.consumeTimeoutMs, {
      views: (views) => {
        this.#taken -= taken - views.length;
        for (const view of views) this.#listen(view);
        if (views.length < taken) this.#freed();
      },
      failed: (error) => {
        this.#taken -= taken;
        this.#delivery.context.logger.warn({ err: error }, 'messages could not be handed out; they are tried again');
        this.#idleCheck();
      },
    });
    this.#taken += taken - free;
  }

  /** A listener that ends at once leaves no trace; others are kept for their time-out and for closing. */
  #listen(view: MessageView): void {
    const call = new ListenerCall(view);
    const outcome = call.run(this.#options.listener);
    if (!(outcome instanceof Promise)) return this.#conclude(call, outcome);
    this.#calls.add(call);
    void outcome.then((later) => this.#ended(call, later));
  }

  /** A call that was timed out or cut off by closing has had its end before. */
  #ended(call: ListenerCall, failure: ListenerFailure | undefined): void {
    if (this.#calls.delete(call)) this.#conclude(call, failure);
  }

  #conclude(call: ListenerCall, failure: ListenerFailure | undefined): void {
    if (failure === undefined) this.#outcomes.succeeded(call);
    else this.#outcomes.failed(call, failure.error);
    this.#taken--;
    this.#freed();
  }

  #leaseExpired(message: object): boolean {
    const call = this.#calls.of(message);
    if (call !== undefined) this.#timeOut(call);
    return call !== undefined;
  }

  /** The listener has had its time: its signal aborts, the attempt counts as failed, and its place is free. */
  #timeOut(call: ListenerCall): void {
    const error = new Error(`the listener took longer than ${this.#options.consumeTimeoutMs} ms`);
    call.abort(error);
    this.#ended(call, new ListenerFailure(error));
  }

  /** Places that become free in the same turn are filled by one hand-out. */
  #freed(): void {
    this.#idleCheck();
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #idleCheck(): void {
    if (this.#taken === 0) this.#onIdle?.();
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#letGo();
    this.#onClose(this);
    const release = this.#delivery.context.process.hold();
    await this.#drained(deadlineMs);
    this.#calls.abortAll(new Error('the consumer was closed before the listener ended'));
    try {
      await this.#member?.close();
    } finally {
      release();
    }
  }

  /** Resolves when no listener runs, at the latest at the deadline. */
  #drained(deadlineMs: number): Promise<void> {
    if (this.#taken === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#delivery.context.clock.setTimer(deadlineMs, resolve);
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #hold(): void {
    this.#releaseProcess ??= this.#delivery.context.process.hold();
  }

  #letGo(): void {
    this.#releaseProcess?.();
    this.#releaseProcess = undefined;
  }
}

function kindOf(mode: PushConsumerOptions['mode'] = 'cluster'): GroupKind {
  if (mode === 'cluster') return 'push/simple';
  if (mode === 'broadcast') return 'broadcast';
  throw illegalArgument(`mode must be 'cluster' or 'broadcast', not ${quoted(mode)}`);
}
