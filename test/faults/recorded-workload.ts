import { type Broker, isBrokerError, type MessageView, type SendReceipt, type SimpleConsumer } from '../../src/index.ts';
import type { ManualClock, TestBroker } from '../../src/testing/index.ts';
import type { HistoryRules } from '../crash/history.ts';
import type { HistoryEvent } from '../crash/history-event.ts';

type AnyBroker = Pick<Broker | TestBroker, 'admin' | 'events' | 'createProducer' | 'createPushConsumer' | 'createSimpleConsumer'>;

export const WORKLOAD_RULES: HistoryRules = {
  groups: { push: { topics: ['orders'], maxAttempts: 3 }, simple: { topics: ['orders'], maxAttempts: 40 } },
};
/** Errors that promise: nothing was stored. */
const NOTHING_STORED: ReadonlySet<string> = new Set([
  'MQ_STORE_WRITE_FAILED',
  'MQ_DISK_FULL',
  'MQ_BACKPRESSURE',
  'MQ_ABORTED',
  'MQ_TOPIC_NOT_FOUND',
]);
const LEASE_MS = 20_000;

/** A small life of everything that a broker does, on a clock that the test moves, with its history. */
export class RecordedWorkload {
  readonly events: HistoryEvent[] = [];
  /** Calls that have neither resolved nor rejected. */
  readonly pending: Set<string> = new Set();
  /** Codes that calls were answered with. */
  readonly codes: Set<string> = new Set();
  readonly #clock: ManualClock;
  readonly #idOf = new Map<string, string>();
  #sent = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  write(event: HistoryEvent): void {
    this.events.push(event);
  }

  /** Joins a broker that has just opened, as both groups. */
  async attach(broker: AnyBroker): Promise<SimpleConsumer> {
    this.write({ kind: 'opened' });
    broker.events.on('acked', ({ group, messageId }) => this.#about(messageId, (id) => ({ kind: 'acked', group, id })));
    broker.events.on('deadLettered', ({ group, messageId, attempts }) =>
      this.#about(messageId, (id) => ({ kind: 'dead', group, id, attempts })),
    );
    const { admin } = broker;
    await this.#insist(() => admin.createTopic('orders', { queueCount: 2 }));
    await this.#insist(() => admin.createGroup('push', { maxAttempts: 3, retryPolicy: { kind: 'customized', delaysMs: [10] } }));
    await this.#insist(() => admin.createGroup('simple', { maxAttempts: 40 }));
    const subscriptions = { orders: '*' };
    await this.#insist(() => broker.createPushConsumer({ group: 'push', subscriptions, listener: (view) => this.#listen(view) }));
    return await this.#insist(() => broker.createSimpleConsumer({ group: 'simple', subscriptions, invisibleDurationMs: LEASE_MS }));
  }

  /** Sends of every kind, receives and acknowledgements, and pauses in which the broker checkpoints. */
  async run(broker: AnyBroker, simple: SimpleConsumer, rounds = 4): Promise<void> {
    const producer = broker.createProducer({ maxAttempts: 1 });
    for (let round = 0; round < rounds; round++) {
      const ordered = this.#message({ messageGroup: 'a', fails: round % 3 });
      const hopeless = this.#message({ fails: 5 });
      const batch = [this.#message({}), this.#message({ messageGroup: 'a' }), this.#message({})];
      this.#send([ordered], () => producer.send(ordered, { durability: 'sync' }));
      this.#send([hopeless], () => producer.send(hopeless, { durability: 'async' }));
      await this.#clock.settle();
      this.#send(batch, () => producer.sendBatch(batch, { durability: round % 2 === 0 ? 'sync' : 'async' }));
      await this.#clock.settle();
      await this.receive(simple, 3);
      await this.#clock.advance(50);
      if (round % 2 === 1) await this.#clock.advance(6_000);
    }
  }

  /** Receives what there is and acknowledges it. */
  async receive(simple: SimpleConsumer, maxMessages: number): Promise<number> {
    let views: MessageView[] = [];
    this.#track('receive', async () => {
      views = await simple.receive({ maxMessages, awaitDurationMs: 0 });
      const ids = views.map((view) => this.#got('simple', view).id);
      for (const id of ids) this.write({ kind: 'acking', group: 'simple', id });
      if (views.length > 0) await this.#acknowledge(simple, views, ids);
    });
    await this.#clock.settle();
    return views.length;
  }

  /** Lets time pass until no group has anything left. */
  async drain(broker: AnyBroker, simple: SimpleConsumer): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      while ((await this.receive(simple, 10)) > 0);
      const ofGroups = ['push', 'simple'].map((group) => this.#insist(() => broker.admin.getGroupProgress(group)));
      const progress = (await Promise.all(ofGroups)).flat();
      if (progress.every(({ lag }) => lag === 0)) return;
      await this.#clock.advance(tries < 5 ? 100 : 2_000);
    }
    throw new Error('the broker does not drain');
  }

  async listDeadLetters(broker: AnyBroker): Promise<void> {
    for (const group of ['push', 'simple']) {
      const { items } = await this.#insist(() => broker.admin.listDeadLetters(group, { limit: 1_000 }));
      for (const { message, attempts } of items) this.write({ kind: 'dead', group, id: message.keys[0] ?? '', attempts, listed: true });
      this.write({ kind: 'listed', group });
    }
  }

  #message(options: { messageGroup?: string; fails?: number }): {
    topic: string;
    body: string;
    keys: string[];
    messageGroup: string | undefined;
  } {
    const id = `m${this.#sent++}`;
    return { topic: 'orders', body: `${id} ${options.fails ?? 0}`, keys: [id], messageGroup: options.messageGroup };
  }

  #send(
    messages: readonly { topic: string; keys: string[]; messageGroup: string | undefined }[],
    sending: () => Promise<SendReceipt | SendReceipt[]>,
  ): void {
    const call = messages[0]?.keys[0] ?? '';
    const named = messages.map(({ topic, keys, messageGroup }) => ({
      id: keys[0] ?? '',
      topic,
      ...(messageGroup === undefined ? {} : { messageGroup }),
    }));
    this.write({ kind: 'send', call, messages: named });
    this.#track(`send ${call}`, async () => {
      try {
        const answer = [await sending()].flat();
        this.write({ kind: 'sent', call, durability: answer[0]?.durability ?? 'memory', atMs: this.#clock.now() });
      } catch (error) {
        if (isBrokerError(error) && NOTHING_STORED.has(error.code)) this.write({ kind: 'refused', call });
        throw error;
      }
    });
  }

  async #acknowledge(simple: SimpleConsumer, views: readonly MessageView[], ids: readonly string[]): Promise<void> {
    try {
      await simple.ack(views);
      for (const id of ids) this.write({ kind: 'acked', group: 'simple', id });
    } catch (error) {
      for (const id of ids) this.write({ kind: 'unsure', group: 'simple', id });
      throw error;
    }
  }

  #listen(view: MessageView): 'success' | 'failure' {
    const { id, fails } = this.#got('push', view);
    if (view.deliveryAttempt <= fails) {
      this.write({ kind: 'failed', group: 'push', id });
      return 'failure';
    }
    this.write({ kind: 'acking', group: 'push', id, push: true, atMs: this.#clock.now() });
    return 'success';
  }

  #got(group: string, view: MessageView): { id: string; fails: number } {
    const [id = '', fails] = view.text().split(' ');
    if (view.keys[0] !== id) this.write({ kind: 'wrong', detail: `${view.keys[0]} has the body ${view.text()}` });
    this.#idOf.set(view.messageId, id);
    this.write({ kind: 'got', group, id, attempt: view.deliveryAttempt });
    return { id, fails: Number(fails) };
  }

  #about(messageId: string, event: (id: string) => HistoryEvent): void {
    const id = this.#idOf.get(messageId);
    if (id !== undefined) this.write(event(id));
  }

  /** Calls until it succeeds; the broker heals meanwhile. */
  async #insist<T>(call: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
      void call().then(
        (value) => {
          outcome = { value };
        },
        (error: unknown) => {
          outcome = { error };
        },
      );
      await this.#clock.settle();
      for (let waits = 0; outcome === undefined && waits < 10; waits++) await this.#clock.advance(1_000);
      if (outcome !== undefined && 'value' in outcome) return outcome.value;
      if (tries === 5) throw outcome?.error ?? new Error('a call does not settle');
      // A heal that failed is tried again after a second, then after two.
      await this.#clock.advance(2_000);
    }
  }

  #track(what: string, work: () => Promise<void>): void {
    this.pending.add(what);
    work().then(
      () => this.pending.delete(what),
      (error: unknown) => {
        this.pending.delete(what);
        this.codes.add(isBrokerError(error) ? error.code : String(error));
      },
    );
  }
}
