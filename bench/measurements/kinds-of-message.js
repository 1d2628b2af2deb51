import { fill, inLanes, openEngine, randomBody } from '../engine.js';
import { Durations, quietBytes, Stopwatch, warmUpOf } from '../stopwatch.js';

const HOUR_MS = 3_600_000;
const MEBIBYTE = 1024 * 1024;

/**
 * Sends of one kind, `inFlight` at a time: plain, delayed by an hour, or each in a transaction of its own that is committed.
 * @param {{ directory: string; count: number; inFlight: number; bodyBytes: number; kind: 'plain' | 'delay' | 'transaction' }} options
 */
export async function kindOfSend({ directory, count, inFlight, bodyBytes, kind }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const message = { topic: 'bench', body: randomBody(bodyBytes) };
  const ways = {
    plain: () => producer.send(message),
    delay: () => producer.send({ ...message, delayMs: HOUR_MS }),
    transaction: async () => {
      const transaction = producer.beginTransaction();
      await transaction.send(message);
      await transaction.commit();
    },
  };
  const send = ways[kind];
  return await measured({ broker, count, inFlight, send });
}

/**
 * Warms up, measures `count` calls, and closes.
 * @param {{ broker: import('pocketmq').Broker; count: number; inFlight: number; send: () => Promise<unknown> }} options
 */
async function measured({ broker, count, inFlight, send }) {
  await inLanes({ count: warmUpOf(count), inFlight, send });
  const watch = new Stopwatch();
  watch.start();
  await inLanes({ count, inFlight, send, onSent: () => watch.add(1) });
  await broker.close();
  return watch.result();
}

/**
 * Atomic units that acknowledge one message and send another, or plain sends.
 * @param {{ directory: string; count: number; inFlight: number; bodyBytes: number; atomic: boolean }} options
 */
export async function atomicSends({ directory, count, inFlight, bodyBytes, atomic }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  const total = count + warmUpOf(count);
  const consumer = await broker.createSimpleConsumer({ group: 'bench', subscriptions: { in: '*' }, invisibleDurationMs: HOUR_MS });
  await fill({ producer, count: atomic ? total : 0, message: () => ({ topic: 'in', body }) });
  /** @type {import('pocketmq').MessageView[]} */
  const held = [];
  while (atomic && held.length < total) held.push(...(await consumer.receive({ maxMessages: 32, awaitDurationMs: 0 })));
  const send = () => {
    if (!atomic) return producer.send({ topic: 'out', body });
    const message = /** @type {import('pocketmq').MessageView} */ (held.pop());
    return broker.atomic((unit) => {
      unit.ack(message);
      unit.send({ topic: 'out', body });
    });
  };
  return await measured({ broker, count, inFlight, send });
}

/**
 * How late messages come that fall due at an even rate; those of one more second before warm up and do not count.
 * @param {{ directory: string; perSecond: number; seconds: number; bodyBytes: number; waiting: number }} options `waiting` others are stored an hour ahead
 */
export async function dueMessages({ directory, perSecond, seconds, bodyBytes, waiting }) {
  const body = randomBody(bodyBytes);
  await storeAhead(directory, waiting, body);
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const count = perSecond * (1 + seconds);
  const lateness = new Durations();
  let left = count;
  let resolve = () => {};
  /** @type {Promise<void>} */
  const delivered = new Promise((done) => {
    resolve = done;
  });
  // All of them are stored before the first is due.
  const firstDueAtMs = Date.now() + 5_000;
  await broker.createPushConsumer({
    group: 'bench',
    subscriptions: { due: '*' },
    concurrency: 256,
    listener: (view) => {
      const due = Number(view.tag);
      if (due >= firstDueAtMs + 1_000) lateness.add(Date.now() - due);
      left -= 1;
      if (left === 0) resolve();
    },
  });
  const dueAtMs = (/** @type {number} */ number) => Math.floor(firstDueAtMs + (number / perSecond) * 1000);
  await inLanes({
    count,
    inFlight: 256,
    send: (number) => producer.send({ topic: 'due', body, tag: String(dueAtMs(number)), deliverAtMs: dueAtMs(number) }),
  });
  if (Date.now() > firstDueAtMs) throw new Error('the first message was due before the last was stored');
  await delivered;
  await broker.close();
  return lateness.result();
}

/**
 * Closes the broker behind them, so that the index has them.
 * @param {string} directory
 * @param {number} count
 * @param {Uint8Array} body
 */
async function storeAhead(directory, count, body) {
  const broker = await openEngine(directory, 'async');
  await fill({ producer: broker.createProducer(), count, message: () => ({ topic: 'ahead', body, delayMs: 3_600_000 }) });
  await broker.close();
}

/**
 * What messages take of memory that wait on the disk, and how fast they become visible when they fall due within the same second.
 * @param {{ directory: string; count: number; bodyBytes: number }} options
 */
export async function waitingMessages({ directory, count, bodyBytes }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  await fill({ producer, count: 20_000, message: () => ({ topic: 'waiting', body, delayMs: 1_000 }) });
  // Enough to fill the cache of recent blocks, whose bytes do not count as growth.
  await fill({ producer, count: (80 * MEBIBYTE) / bodyBytes, message: () => ({ topic: 'bench', body }) });
  await untilVisible(broker);
  const bytesBefore = await quietBytes(broker);
  const firstDueAtMs = Date.now() + 20_000 + count / 10;
  const watch = new Stopwatch();
  watch.start();
  await inLanes({
    count,
    inFlight: 256,
    send: (number) => producer.send({ topic: 'waiting', body, deliverAtMs: firstDueAtMs + ((number * 7919) % 1000) }),
    onSent: () => watch.add(1),
  });
  const growth = (await quietBytes(broker)) - bytesBefore;
  if (Date.now() > firstDueAtMs) throw new Error('the first message was due before the last was stored');
  await untilVisible(broker);
  const result = {
    growthMiB: growth / MEBIBYTE,
    duePerSecond: (count / (Date.now() - firstDueAtMs)) * 1000,
    worstPauseMs: watch.worstPauseMs,
  };
  await broker.close();
  return result;
}

/** @param {import('pocketmq').Broker} broker */
async function untilVisible(broker) {
  while ((await broker.admin.getTopic('waiting'))?.delayed !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
