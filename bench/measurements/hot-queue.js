import { fill, openEngine, randomBody, receiveAndAck } from '../engine.js';
import { Stopwatch } from '../stopwatch.js';

/** As many messages of 1 KiB as the cache of recent blocks holds by default, and a few less. */
const HOT_MESSAGES = 40_000;

/**
 * @param {import('pocketmq').Broker} broker
 * @param {string} [sql] default: no filter
 */
async function hotTopic(broker, sql) {
  await broker.admin.createTopic('hot', { queueCount: 1 });
  return { group: 'bench', subscriptions: { hot: sql === undefined ? '*' : { sql } } };
}

/**
 * Fills the queue outside the time that counts, drains it inside, `rounds` times.
 * @param {{ rounds: number; refill: () => Promise<void>; drain: (watch: Stopwatch) => Promise<void> }} options
 */
async function drainRepeatedly({ rounds, refill, drain }) {
  let elapsedMs = 0;
  for (let round = 0; round <= rounds; round += 1) {
    await refill();
    const watch = new Stopwatch();
    watch.start();
    await drain(watch);
    // The first round warms up.
    if (round > 0) elapsedMs += (HOT_MESSAGES / watch.result().perSecond) * 1000;
  }
  return { perSecond: ((rounds * HOT_MESSAGES) / elapsedMs) * 1000 };
}

/**
 * Receives 32 messages at a time and acknowledges them, in `loops` loops that share one consumer.
 * @param {{ directory: string; rounds: number; loops: number; bodyBytes: number; properties?: Record<string, string>; sql?: string }} options
 */
export async function hotReceive({ directory, rounds, loops, bodyBytes, properties, sql }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const message = { topic: 'hot', body: randomBody(bodyBytes), ...(properties && { properties }) };
  const consumer = await broker.createSimpleConsumer(await hotTopic(broker, sql));
  const result = await drainRepeatedly({
    rounds,
    refill: () => fill({ producer, count: HOT_MESSAGES, message: () => message }),
    drain: (watch) => receiveAndAck({ consumer, count: HOT_MESSAGES, loops, onAcked: (acked) => watch.add(acked) }),
  });
  await broker.close();
  return result;
}

/**
 * Polls 32 messages at a time and commits after every tenth poll.
 * @param {{ directory: string; rounds: number; bodyBytes: number; properties?: Record<string, string> }} options
 */
export async function hotPoll({ directory, rounds, bodyBytes, properties }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const message = { topic: 'hot', body: randomBody(bodyBytes), ...(properties && { properties }) };
  const consumer = await broker.createPullConsumer(await hotTopic(broker));
  const result = await drainRepeatedly({
    rounds,
    refill: () => fill({ producer, count: HOT_MESSAGES, message: () => message }),
    drain: async (watch) => {
      let left = HOT_MESSAGES;
      for (let polls = 1; left > 0; polls += 1) {
        const messages = await consumer.poll({ maxMessages: Math.min(32, left), awaitDurationMs: 0 });
        left -= messages.length;
        if (polls % 10 === 0 || left === 0) await consumer.commit();
        watch.add(messages.length);
      }
    },
  });
  await broker.close();
  return result;
}

/**
 * A listener that only counts, called for messages that are there already.
 * @param {{ directory: string; rounds: number; concurrency?: number; bodyBytes: number }} options
 */
export async function hotPush({ directory, rounds, concurrency, bodyBytes }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const message = { topic: 'hot', body: randomBody(bodyBytes) };
  let left = 0;
  let drained = () => {};
  const consumer = await broker.createPushConsumer({
    ...(await hotTopic(broker)),
    concurrency,
    listener: () => {
      left -= 1;
      if (left === 0) drained();
    },
  });
  const result = await drainRepeatedly({
    rounds,
    refill: () => {
      consumer.pause();
      return fill({ producer, count: HOT_MESSAGES, message: () => message });
    },
    drain: async (watch) => {
      left = HOT_MESSAGES;
      /** @type {Promise<void>} */
      const done = new Promise((resolve) => {
        drained = resolve;
      });
      consumer.resume();
      await done;
      watch.add(HOT_MESSAGES);
    },
  });
  await broker.close();
  return result;
}
