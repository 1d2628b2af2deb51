import type { Delivery } from '../delivery/delivery.ts';
import type { ResolvedSendOptions } from '../delivery/sending/send.ts';
import type { SendTracker } from '../delivery/sending/send-completion.ts';
import { topicNotFound } from '../delivery/topics.ts';
import { recall } from '../delivery/waiting/recall.ts';
import { BrokerError, illegalArgument, isBrokerError } from '../model/errors.ts';
import type { Durability, Message, SendReceipt } from '../model/message.ts';
import type { Producer, ProducerOptions, RecallReceipt } from '../model/messaging.ts';
import { validateTopicName } from '../model/names.ts';
import { checkFieldNames, requireInteger, requireObject } from '../model/option-checks.ts';
import { quoted } from '../model/quoted.ts';
import type { SendOptions } from '../model/send-options.ts';
import type { TopicType } from '../model/topic-type.ts';
import type { Transaction } from '../model/transaction.ts';
import { resolveTypedMessage, resolveTypedMessages } from '../model/typed-message.ts';
import { isTopic, type Topic, topicNameOf } from '../model/typed-topic.ts';
import { sendWhenChecked } from './schema-wait.ts';
import { LocalTransaction } from './transaction.ts';

const DEFAULT_MAX_ATTEMPTS = 3;
const DEFAULT_TIMEOUT_MS = 30_000;
const KNOWN: ReadonlySet<string> = new Set(['topics', 'maxAttempts', 'timeoutMs', 'onFull', 'transactionChecker']);
const SEND_KNOWN: ReadonlySet<string> = new Set(['durability', 'signal']);

/** Sends to a broker in this process. */
export class LocalProducer implements Producer {
  readonly #delivery: Delivery;
  readonly #defaults: ResolvedSendOptions;
  readonly #onClose: (producer: LocalProducer) => void;
  readonly #tracker: SendTracker = { pending: 0, onIdle: undefined };
  readonly #creating: Promise<unknown>;
  #closing: Promise<void> | undefined;

  constructor(
    delivery: Delivery,
    options: ProducerOptions,
    context: { durability: Durability; onClose: (producer: LocalProducer) => void },
  ) {
    requireObject('The options of a producer', options);
    checkFieldNames('The options of a producer', options, KNOWN);
    this.#delivery = delivery;
    this.#onClose = context.onClose;
    const { onFull = 'wait', transactionChecker } = options;
    if (transactionChecker !== undefined && typeof transactionChecker !== 'function')
      throw illegalArgument('transactionChecker must be a function');
    if (onFull !== 'wait' && onFull !== 'reject') throw illegalArgument(`onFull must be 'wait' or 'reject', not ${JSON.stringify(onFull)}`);
    this.#defaults = {
      durability: context.durability,
      onFull,
      timeoutMs: requireInteger('timeoutMs', options.timeoutMs ?? DEFAULT_TIMEOUT_MS, 1),
      signal: undefined,
      attempts: requireInteger('maxAttempts', options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS, 1),
      tracker: this.#tracker,
    };
    // What is wrong with a topic is told by the first send to it.
    this.#creating = Promise.allSettled(
      (options.topics ?? []).map(async (topic) => delivery.topics.obtain(topicNameOf(topic), isTopic(topic) ? topic.type : undefined)),
    );
  }

  send(message: Message, options?: SendOptions): Promise<SendReceipt> {
    try {
      this.#assertOpen();
      return this.#send(message, this.#resolve(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Throws, or rejects with, what is wrong with the message. */
  #send(message: Message, resolved: ResolvedSendOptions): Promise<SendReceipt> {
    const { sender, context } = this.#delivery;
    const checked = resolveTypedMessage(message);
    if (checked === message) return sender.send(message, resolved);
    const terms = this.#withTopicTypes(resolved, [message]);
    if (!(checked instanceof Promise)) return sender.send(checked, terms);
    return sendWhenChecked(context, checked, terms, (later, left) => sender.send(later, left));
  }

  sendBatch(messages: readonly Message[], options?: SendOptions): Promise<SendReceipt[]> {
    try {
      this.#assertOpen();
      const resolved = this.#resolve(options);
      const { sender, context } = this.#delivery;
      const checked = resolveTypedMessages(messages);
      if (checked === messages) return sender.sendBatch(messages, resolved);
      const terms = this.#withTopicTypes(resolved, messages);
      if (!(checked instanceof Promise)) return sender.sendBatch(checked, terms);
      return sendWhenChecked(context, checked, terms, (later, left) => sender.sendBatch(later, left));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  sendOneway(message: Message, callback?: (error: BrokerError | undefined, receipt?: SendReceipt) => void): void {
    if (callback !== undefined && typeof callback !== 'function') throw illegalArgument('The callback of sendOneway must be a function');
    this.send(message).then(
      (receipt) => callback?.(undefined, receipt),
      (error: Error) => {
        if (callback !== undefined) callback(asBrokerError(error));
        else this.#delivery.context.events.emit('error', error);
      },
    );
  }

  beginTransaction(): Transaction {
    this.#assertOpen();
    const transactionId = this.#delivery.context.ids.next();
    return new LocalTransaction(transactionId, {
      delivery: this.#delivery,
      durability: this.#defaults.durability,
      send: (message, options) => this.#send(message, { ...this.#resolve(options), transactionId }),
      assertOpen: () => this.#assertOpen(),
    });
  }

  async recall(recalledFrom: string | Topic, recallHandle: string): Promise<RecallReceipt> {
    this.#assertOpen();
    const { context, topics } = this.#delivery;
    const name = validateTopicName(topicNameOf(recalledFrom), context.limits);
    if (typeof recallHandle !== 'string')
      throw illegalArgument(
        `A recall handle must be the recallHandle of a receipt, which only that of a delay message that waits has, not ${quoted(recallHandle)}`,
      );
    const topic = await topics.find(name);
    if (topic === undefined) throw topicNotFound(name, 'a message can only be recalled from the topic that it was sent to');
    return await recall(context, topic, context.recallHandles.decode(recallHandle));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#onClose(this);
    await this.#creating;
    if (this.#tracker.pending > 0)
      await new Promise<void>((resolve) => {
        this.#tracker.onIdle = resolve;
      });
  }

  #resolve(options: SendOptions | undefined): ResolvedSendOptions {
    if (options === undefined) return this.#defaults;
    checkFieldNames('The options of a send', requireObject('The options of a send', options), SEND_KNOWN);
    const { durability = this.#defaults.durability, signal } = options;
    if (durability !== 'sync' && durability !== 'async')
      throw illegalArgument(`durability must be 'sync' or 'async', not ${JSON.stringify(durability)}`);
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw illegalArgument('signal must be an AbortSignal');
    return { ...this.#defaults, durability, signal };
  }

  /** Only a send that will create a topic needs to know what it is to become. */
  #withTopicTypes(options: ResolvedSendOptions, messages: readonly Message[]): ResolvedSendOptions {
    const topicTypes = new Map<string, TopicType>();
    for (const { topic } of messages) {
      if (isTopic(topic) && topic.type !== undefined && this.#delivery.topics.loaded(topic.name) === undefined)
        topicTypes.set(topic.name, topic.type);
    }
    return topicTypes.size === 0 ? options : { ...options, topicTypes };
  }

  #assertOpen(): void {
    this.#delivery.context.assertOpen();
    if (this.#closing !== undefined) throw new BrokerError('MQ_BROKER_NOT_OPEN', 'The producer is closed; create another one');
  }
}

function asBrokerError(error: Error): BrokerError {
  if (isBrokerError(error)) return error;
  return new BrokerError(
    (error as { code?: unknown }).code === 'MQ_ILLEGAL_ARGUMENT' ? 'MQ_ILLEGAL_ARGUMENT' : 'MQ_INTERNAL_ERROR',
    error.message,
    { cause: error },
  );
}
