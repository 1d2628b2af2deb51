// What every crash program shares: it writes its history line by line with a write that a kill cannot take back, sends messages whose
// content can be checked, and consumes them by rules that lie in the message.

import { closeSync, openSync, writeSync } from 'node:fs';

/** Groups of the mixed load; the checker on the other side has the same. */
export const GROUPS = {
  simple: { topics: ['orders', 'events'], maxAttempts: 40 },
  push: { topics: ['orders', 'events'], maxAttempts: 4, retryPolicy: { kind: 'customized', delaysMs: [5, 20, 40] } },
  loose: { topics: ['events'], maxAttempts: 30, ordered: false, retryPolicy: { kind: 'customized', delaysMs: [10] } },
};

export class Recorder {
  #file;
  #idOf = new Map();

  constructor(path) {
    this.#file = openSync(path, 'a');
  }

  /** On its way out of the process when it returns. */
  write(event) {
    const line = `${JSON.stringify(event)}\n`;
    const written = writeSync(this.#file, line);
    if (written !== line.length) throw new Error('the history was cut');
  }

  end() {
    closeSync(this.#file);
  }

  /** A message that says itself what it must look like. */
  message(id, topic, options = {}) {
    const { messageGroup, fails = 0, padding = 20 } = options;
    const text = `${id} ${fails} ${id.repeat(Math.ceil(padding / id.length)).slice(0, padding)}`;
    return { topic, body: text, tag: `t${fails}`, keys: [id], properties: { id, length: String(text.length) }, messageGroup };
  }

  /** Sends one message or a batch, and writes down what becomes of it. */
  async send(call, messages, sending) {
    const named = messages.map(({ topic, keys, messageGroup }) => ({ id: keys[0], topic, messageGroup }));
    this.write({ kind: 'send', call, messages: named });
    const answer = await sending();
    const receipts = Array.isArray(answer) ? answer : [answer];
    this.write({ kind: 'sent', call, durability: receipts[0].durability, atMs: Date.now() });
  }

  /** Writes a delivery down, and answers the message's id and how often it wants to fail. */
  got(group, view) {
    const [id, fails, padding] = view.text().split(' ');
    const expected = id.repeat(Math.ceil(padding.length / id.length)).slice(0, padding.length);
    const length = view.body.length;
    const isRight =
      view.keys[0] === id && view.properties.id === id && view.properties.length === String(length) && view.tag === `t${fails}`;
    if (!isRight || padding !== expected)
      this.write({ kind: 'wrong', detail: `${group} got ${view.messageId} as ${view.text().slice(0, 80)}` });
    this.#idOf.set(view.messageId, id);
    this.write({ kind: 'got', group, id, attempt: view.deliveryAttempt });
    return { id, fails: Number(fails) };
  }

  /** The broker's own word, which comes after its commit. */
  listenTo(broker) {
    broker.events.on('acked', ({ group, messageId }) => this.#about(messageId, (id) => ({ kind: 'acked', group, id })));
    broker.events.on('deadLettered', ({ group, messageId, attempts }) =>
      this.#about(messageId, (id) => ({ kind: 'dead', group, id, attempts })),
    );
  }

  #about(messageId, event) {
    const id = this.#idOf.get(messageId);
    if (id !== undefined) this.write(event(id));
  }
}

/** Opens the consumers of the mixed load; each message fails as often as it says. */
export async function consume(broker, recorder) {
  const listener = (group) => async (view) => {
    const { id, fails } = recorder.got(group, view);
    if (Math.random() < 0.2) await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    if (view.deliveryAttempt <= fails) {
      recorder.write({ kind: 'failed', group, id });
      if (fails % 2 === 0) throw new Error('planned');
      return 'failure';
    }
    recorder.write({ kind: 'acking', group, id, push: true, atMs: Date.now() });
    return 'success';
  };
  for (const [group, { maxAttempts, retryPolicy, ordered }] of Object.entries(GROUPS)) {
    await broker.admin.createGroup(group, { maxAttempts, ...(retryPolicy && { retryPolicy }), ...(ordered === false && { ordered }) });
  }
  const subscriptionsOf = (group) => Object.fromEntries(GROUPS[group].topics.map((topic) => [topic, '*']));
  const consumers = [];
  for (const group of ['push', 'loose']) {
    consumers.push(
      await broker.createPushConsumer({ group, subscriptions: subscriptionsOf(group), listener: listener(group), concurrency: 8 }),
    );
  }
  const simple = await broker.createSimpleConsumer({
    group: 'simple',
    subscriptions: subscriptionsOf('simple'),
    invisibleDurationMs: 60_000,
  });
  consumers.push(simple);
  return { consumers, receiving: [receiveAndAck(simple, recorder), receiveAndAck(simple, recorder)] };
}

/** Receives until the consumer is closed. */
async function receiveAndAck(simple, recorder) {
  const group = 'simple';
  for (;;) {
    let views;
    try {
      views = await simple.receive({ maxMessages: 16, awaitDurationMs: 5_000 });
    } catch (error) {
      if (error.code === 'MQ_BROKER_NOT_OPEN') return;
      throw error;
    }
    const ids = views.map((view) => recorder.got(group, view).id);
    for (const id of ids) recorder.write({ kind: 'acking', group, id });
    try {
      await simple.ack(views);
    } catch (error) {
      if (error.code === 'MQ_BROKER_NOT_OPEN') return;
      throw error;
    }
    for (const id of ids) recorder.write({ kind: 'acked', group, id });
  }
}

/** Resolves when no group has anything left, or throws after the time. */
export async function drained(broker, withinMs) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const progress = (await Promise.all(Object.keys(GROUPS).map((group) => broker.admin.getGroupProgress(group)))).flat();
    if (progress.every(({ lag }) => lag === 0)) return;
    if (Date.now() > deadline) throw new Error(`not drained: ${JSON.stringify(progress.filter(({ lag }) => lag > 0))}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Writes down every dead letter of every group. */
export async function listDeadLetters(broker, recorder) {
  for (const group of Object.keys(GROUPS)) {
    let cursor;
    do {
      const page = await broker.admin.listDeadLetters(group, { limit: 500, ...(cursor !== undefined && { cursor }) });
      for (const letter of page.items)
        recorder.write({ kind: 'dead', group, id: letter.message.keys[0], attempts: letter.attempts, listed: true });
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    recorder.write({ kind: 'listed', group });
  }
}
