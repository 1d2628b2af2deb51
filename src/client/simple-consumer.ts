import type { Delivery } from '../delivery/delivery.ts';
import { LeasingMember } from '../delivery/groups/leasing-member.ts';
import { illegalArgument } from '../model/errors.ts';
import { resolveStartFrom, type StartFrom } from '../model/group.ts';
import type { MessageView } from '../model/message.ts';
import type { ReceiveOptions, SimpleConsumer, SimpleConsumerOptions } from '../model/messaging.ts';
import { validateTopicName } from '../model/names.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import type { Subscription } from '../model/subscription.ts';
import { schemasOf } from '../model/subscriptions.ts';
import { AskingConsumer, type AskingParts } from './asking-consumer.ts';
import { PendingReceives } from './pending-receives.ts';
import {
  abortSignal,
  awaitDuration,
  DEFAULT_AWAIT_MS,
  DEFAULT_MESSAGES,
  filterOf,
  filtersOf,
  groupOf,
  invisibleDuration,
  messageCount,
} from './subscription-options.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'group',
  'subscriptions',
  'awaitDurationMs',
  'invisibleDurationMs',
  'maxMessages',
  'startFrom',
]);
const RECEIVE_KNOWN: ReadonlySet<string> = new Set(['maxMessages', 'invisibleDurationMs', 'awaitDurationMs', 'signal']);
const DEFAULT_INVISIBLE_MS = 30_000;

/** What `receive` does unless it is told otherwise. */
interface Defaults {
  readonly maxMessages: number;
  readonly invisibleDurationMs: number;
  readonly awaitDurationMs: number;
  readonly startFrom: StartFrom | undefined;
}

/** A consumer that asks for messages itself. */
export class LocalSimpleConsumer extends AskingConsumer<LeasingMember> implements SimpleConsumer {
  readonly #defaults: Defaults;

  private constructor(delivery: Delivery, parts: AskingParts<LeasingMember>, defaults: Defaults) {
    super(delivery, parts);
    this.#defaults = defaults;
  }

  static async open(
    delivery: Delivery,
    options: SimpleConsumerOptions,
    onClose: AskingParts<LeasingMember>['onClose'],
  ): Promise<LocalSimpleConsumer> {
    const { limits } = delivery.context;
    checkFieldNames('The options of a simple consumer', requireObject('The options of a simple consumer', options), KNOWN);
    const defaults: Defaults = {
      maxMessages: messageCount(options.maxMessages ?? Math.min(DEFAULT_MESSAGES, limits.maxReceiveCount), limits),
      invisibleDurationMs: invisibleDuration(
        options.invisibleDurationMs ?? Math.min(DEFAULT_INVISIBLE_MS, limits.maxInvisibleDurationMs),
        limits,
        'refused',
      ),
      awaitDurationMs: awaitDuration(options.awaitDurationMs ?? DEFAULT_AWAIT_MS),
      startFrom: options.startFrom === undefined ? undefined : resolveStartFrom(options.startFrom),
    };
    const pending = new PendingReceives(delivery.context);
    const callbacks = { onWake: () => pending.retry(), onLeaseExpired: () => false };
    const member = await delivery.groups.join(groupOf(options, limits), filtersOf(options.subscriptions, delivery.context), {
      kind: 'push/simple',
      startFrom: defaults.startFrom,
      open: (groups) => new LeasingMember(delivery.context, groups, { schemas: schemasOf(options.subscriptions), callbacks }),
    });
    pending.attach(member);
    return new LocalSimpleConsumer(delivery, { member, pending, onClose }, defaults);
  }

  receive(options: ReceiveOptions = {}): Promise<MessageView[]> {
    try {
      this.assertOpen();
      checkFieldNames('The options of receive', requireObject('The options of receive', options), RECEIVE_KNOWN);
      const { limits } = this.delivery.context;
      const most = messageCount(options.maxMessages ?? this.#defaults.maxMessages, limits);
      const invisibleMs = invisibleDuration(options.invisibleDurationMs ?? this.#defaults.invisibleDurationMs, limits, 'refused');
      return this.pending.receive({
        awaitMs: awaitDuration(options.awaitDurationMs ?? this.#defaults.awaitDurationMs),
        signal: abortSignal(options.signal),
        take: (result) => this.member.take(most, invisibleMs, result),
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async ack(message: MessageView | readonly MessageView[]): Promise<void> {
    this.assertOpen();
    await this.delivery.settlement.acknowledge(this.member.group, Array.isArray(message) ? message : [message as MessageView]);
  }

  async changeInvisibleDuration<Changed extends MessageView>(message: Changed, invisibleDurationMs: number): Promise<Changed> {
    this.assertOpen();
    const duration = invisibleDuration(invisibleDurationMs, this.delivery.context.limits, 'allowed');
    // The new view is of the same message, so of the same type.
    return (await this.delivery.settlement.changeInvisibleDuration(this.member.group, message, duration)) as Changed;
  }

  async forwardToDeadLetter(message: MessageView, reason = 'forwarded by the consumer'): Promise<void> {
    this.assertOpen();
    if (typeof reason !== 'string') throw illegalArgument('The reason of a dead letter must be a string');
    await this.delivery.settlement.forwardToDeadLetter(this.member.group, message, reason);
  }

  async subscribe(topic: string, subscription: Subscription): Promise<void> {
    this.assertOpen();
    const { context } = this.delivery;
    const name = validateTopicName(topic, context.limits);
    await this.delivery.groups.subscribe(this.member, name, filterOf(name, subscription, context), this.#defaults.startFrom);
    this.member.topicsChanged();
  }

  unsubscribe(topic: string): Promise<void> {
    try {
      this.assertOpen();
      this.member.filters.delete(validateTopicName(topic, this.delivery.context.limits));
      this.member.topicsChanged();
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<MessageView> {
    const ended = new AbortController();
    return {
      next: async () => {
        while (!ended.signal.aborted) {
          const [message] = await this.receive({ maxMessages: 1, signal: ended.signal });
          if (message !== undefined) return { value: message, done: false };
        }
        return { value: undefined, done: true };
      },
      return: () => {
        ended.abort();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }
}
