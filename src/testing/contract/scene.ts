import assert from 'node:assert/strict';
import { setTimeout as sleep, setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type {
  Admin,
  Broker,
  BrokerErrorCode,
  Message,
  MessageView,
  Messaging,
  PollOptions,
  Producer,
  PullConsumer,
  PullConsumerOptions,
  PushConsumer,
  PushConsumerOptions,
  ReceiveOptions,
  SendReceipt,
  SimpleConsumer,
  SimpleConsumerOptions,
} from '../../index.ts';
import type { ContractPlace } from './contract-place.ts';

/** The topic and the group of a test that needs only one of each. */
export const TOPIC = 'contract-topic';
export const GROUP = 'contract-group';

/** Real time after which what should happen by itself counts as not happening. */
const PATIENCE_MS = 5_000;
/** Turns of the event loop in which what should not happen would have happened. */
const IDLE_TURNS = 20;
/** What a machine under load may be late by, where time is real. */
const REAL_MARGIN_MS = 150;

/** What a contract test plays on: one fresh place, and short ways to use it. */
export class Scene {
  readonly messaging: Messaging;
  readonly #place: ContractPlace;
  #producer: Producer | undefined;

  constructor(place: ContractPlace) {
    this.#place = place;
    this.messaging = place.messaging;
  }

  /** The admin of the place; a place without one lists such tests in `skip`. */
  get admin(): Admin {
    const { admin } = this.#place;
    assert.ok(admin, 'This test needs an admin; give the place one, or name the test in skip');
    return admin;
  }

  /** Atomic units and the application store, which only a broker in this process has. */
  get broker(): Pick<Broker, 'atomic' | 'store'> {
    assert.ok('atomic' in this.messaging, 'This test needs a broker in this process; a place without one names it in skip');
    return this.messaging as Messaging & Pick<Broker, 'atomic' | 'store'>;
  }

  get producer(): Producer {
    this.#producer ??= this.messaging.createProducer();
    return this.#producer;
  }

  /** Sends one message, to the usual topic unless it says otherwise. */
  send(message: Partial<Message> = {}): Promise<SendReceipt> {
    return this.producer.send(withDefaults(message));
  }

  /** Sends texts one after the other. */
  async sendTexts(texts: readonly string[], message: Partial<Message> = {}): Promise<SendReceipt[]> {
    const receipts: SendReceipt[] = [];
    for (const body of texts) receipts.push(await this.send({ ...message, body }));
    return receipts;
  }

  /** A simple consumer of the usual group and topic. */
  simple(options: Partial<SimpleConsumerOptions> = {}): Promise<SimpleConsumer> {
    return this.messaging.createSimpleConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' }, ...options });
  }

  /** A push consumer of the usual group and topic. */
  push(options: Pick<PushConsumerOptions, 'listener'> & Partial<PushConsumerOptions>): Promise<PushConsumer> {
    return this.messaging.createPushConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' }, ...options });
  }

  /** A pull consumer of the usual group and topic. */
  pull(options: Partial<PullConsumerOptions> = {}): Promise<PullConsumer> {
    return this.messaging.createPullConsumer({ group: GROUP, subscriptions: { [TOPIC]: '*' }, ...options });
  }

  /** As many messages as were asked for, over as many polls as it takes. */
  poll(consumer: PullConsumer, count: number, options: PollOptions = {}): Promise<MessageView[]> {
    return this.#gather(count, () => consumer.poll({ awaitDurationMs: 0, ...options }));
  }

  /** Exactly one message, which must be there or on its way. */
  async receiveOne(consumer: SimpleConsumer, options: ReceiveOptions = {}): Promise<MessageView> {
    const [message] = await this.receive(consumer, 1, { maxMessages: 1, ...options });
    assert.ok(message);
    return message;
  }

  /** As many messages as were asked for, over as many calls as it takes. */
  async receive(consumer: SimpleConsumer, count: number, options: ReceiveOptions = {}): Promise<MessageView[]> {
    return await this.#gather(count, () => consumer.receive({ awaitDurationMs: 0, ...options }));
  }

  async #gather(count: number, ask: () => Promise<MessageView[]>): Promise<MessageView[]> {
    const messages: MessageView[] = [];
    await this.eventually(async () => {
      messages.push(...(await ask()));
      assert.ok(messages.length <= count, `${messages.length} messages came, where ${count} were expected`);
      return messages.length === count;
    }, `${count} messages to be received`);
    return messages;
  }

  /** Fails if a message can be received now. */
  async receiveNothing(consumer: SimpleConsumer): Promise<void> {
    await this.settle();
    const messages = await consumer.receive({ awaitDurationMs: 0 });
    assert.deepEqual(texts(messages), [], 'nothing should be visible now');
  }

  /** Lets time pass: the clock of the place, or real time. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.#place;
    if (clock !== undefined) await clock.advance(ms);
    else await sleep(ms + REAL_MARGIN_MS);
  }

  /** Lets what is under way happen, without time to speak of passing. */
  async settle(): Promise<void> {
    for (let i = 0; i < IDLE_TURNS; i++) await turnOfTheEventLoop();
    if (this.#place.clock === undefined) await sleep(REAL_MARGIN_MS);
    else await sleep(2);
  }

  /** Waits, in real time and not on the clock of the place, until something has happened. */
  async eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let waitedMs = 0; ; waitedMs++) {
      if (await check()) return;
      assert.ok(waitedMs < PATIENCE_MS, `waited in vain for ${what}`);
      await sleep(1);
    }
  }
}

/** Fails unless a call throws or rejects with a code. */
export async function refuses(code: BrokerErrorCode, call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof Error || Object.prototype.toString.call(error) === '[object Error]', `${String(error)} is no error`);
    const actual = (error as { code?: unknown }).code;
    assert.equal(actual, code, `expected ${code}, got ${String(actual)}: ${String(error)}`);
    return error as Error;
  }
  assert.fail(`expected ${code}, but the call succeeded`);
}

/** Calls with a type that the compiler rightly refuses. */
export function wrongly<T>(value: unknown): T {
  return value as T;
}

export function texts(messages: readonly MessageView[]): string[] {
  return messages.map((message) => message.text());
}

export function sortedTexts(messages: readonly MessageView[]): string[] {
  return texts(messages).sort();
}

function withDefaults(message: Partial<Message>): Message {
  const body = message.body === undefined && message.json === undefined ? { body: 'hello' } : {};
  return { topic: TOPIC, ...body, ...message };
}
