import { fill, inLanes, openEngine, randomBody } from '../engine.js';

/**
 * Stores messages and dies without closing; a second process then opens the store with `open`.
 * @param {{ directory: string; count: number; bodyBytes: number }} options
 * @returns {Promise<never>}
 */
export async function fillAndDie({ directory, count, bodyBytes }) {
  const broker = await openEngine(directory, 'async');
  const message = { topic: 'bench', body: randomBody(bodyBytes) };
  await broker.createSimpleConsumer({ group: 'bench', subscriptions: { bench: '*' } });
  await fill({ producer: broker.createProducer(), count, message: () => message });
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

/**
 * How long `Broker.open` takes, and how long it is until the first message is received (where there is a group to receive it).
 * @param {{ directory: string; receive: boolean; millions?: number }} options `millions` of messages that the store holds
 */
export async function open({ directory, receive, millions = Number.NaN }) {
  const startedAtMs = performance.now();
  const broker = await openEngine(directory, 'async');
  const openMs = performance.now() - startedAtMs;
  let firstMessageMs = Number.NaN;
  if (receive) {
    const consumer = await broker.createSimpleConsumer({ group: 'bench', subscriptions: { bench: '*' } });
    const messages = await consumer.receive({ maxMessages: 1, awaitDurationMs: 0 });
    if (messages.length !== 1) throw new Error('the reopened store has no message');
    firstMessageMs = performance.now() - startedAtMs;
  }
  await broker.close();
  return { openMs, openMsPerMillion: openMs / millions, firstMessageMs, rssMiB: process.memoryUsage().rss / 1024 / 1024 };
}

/**
 * Creates many topics and closes.
 * @param {{ directory: string; topics: number }} options
 */
export async function createTopics({ directory, topics }) {
  const broker = await openEngine(directory, 'async');
  const startedAtMs = performance.now();
  await inLanes({ count: topics, inFlight: 256, send: (number) => broker.admin.createTopic(`topic-${number}`) });
  const createMs = performance.now() - startedAtMs;
  await broker.close();
  return { createMs };
}

/**
 * What an idle broker costs whose only pending instant lies 30 days away.
 * @param {{ directory: string; seconds: number }} options
 */
export async function idle({ directory, seconds }) {
  // The failure of the listener is meant.
  const broker = await openEngine(directory, 'async', { logger: false });
  const days = 24 * 3_600_000;
  await broker.admin.createGroup('bench', { retryPolicy: { kind: 'customized', delaysMs: [30 * days] } });
  let failed = () => {};
  /** @type {Promise<void>} */
  const done = new Promise((resolve) => {
    failed = resolve;
  });
  broker.events.on('failed', () => failed());
  await broker.createPushConsumer({ group: 'bench', subscriptions: { bench: '*' }, listener: () => 'failure' });
  await broker.createProducer().send({ topic: 'bench', body: randomBody(100) });
  await done;
  // Until the checkpoint that follows the last change is over.
  await new Promise((resolve) => setTimeout(resolve, 8000));
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(cpu);
  const elapsedMs = performance.now() - startedAtMs;
  await broker.close();
  return { cpu: (user + system) / 1000 / elapsedMs };
}
