import { inLanes, openEngine, randomBody } from '../engine.js';
import { liveBytes, Stopwatch, warmUpOf } from '../stopwatch.js';

/**
 * Single sends, `inFlight` at a time.
 * @param {{ directory: string; count: number; inFlight: number; bodyBytes: number; durability: 'sync' | 'async' }} options
 */
export async function sends({ directory, count, inFlight, bodyBytes, durability }) {
  const broker = await openEngine(directory, durability);
  const producer = broker.createProducer();
  const message = { topic: 'bench', body: randomBody(bodyBytes) };
  await inLanes({ count: warmUpOf(count), inFlight, send: () => producer.send(message) });
  const before = await broker.admin.stats();
  const watch = new Stopwatch();
  watch.start();
  await inLanes({ count, inFlight, send: () => producer.send(message), onSent: () => watch.add(1) });
  const result = watch.result();
  const after = await broker.admin.stats();
  await broker.close();
  return { ...result, messagesPerCommit: count / (after.groupCommits - before.groupCommits) };
}

/**
 * Single sends as above, each with a dedup key that is new, or none of them; and what each key takes of memory.
 * @param {{ directory: string; count: number; inFlight: number; bodyBytes: number; keyed: boolean }} options
 */
export async function uniqueSends({ directory, count, inFlight, bodyBytes, keyed }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  /** @param {string} key */
  const send = (key) => producer.send(keyed ? { topic: 'bench', body, dedupKey: key } : { topic: 'bench', body });
  // As long as the number of an order usually is.
  const keyOf = (/** @type {string} */ phase, /** @type {number} */ number) => `order-${phase}-${String(number).padStart(12, '0')}`;
  await inLanes({ count: warmUpOf(count), inFlight, send: (number) => send(keyOf('w', number)) });
  const before = liveBytes();
  const watch = new Stopwatch();
  watch.start();
  await inLanes({ count, inFlight, send: (number) => send(keyOf('m', number)), onSent: () => watch.add(1) });
  const result = watch.result();
  // Until the checkpoint that follows the last send has taken what it keeps for it.
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  const bytesPerKey = (liveBytes() - before) / count;
  await broker.close();
  return { ...result, bytesPerKey };
}

/**
 * Batches, `inFlight` at a time.
 * @param {{ directory: string; count: number; batch: number; inFlight: number; bodyBytes: number; durability: 'sync' | 'async' }} options
 */
export async function batches({ directory, count, batch, inFlight, bodyBytes, durability }) {
  const broker = await openEngine(directory, durability);
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  const messages = Array.from({ length: batch }, () => ({ topic: 'bench', body }));
  const send = () => producer.sendBatch(messages);
  await inLanes({ count: warmUpOf(count) / batch, inFlight, send });
  const before = await broker.admin.stats();
  const watch = new Stopwatch();
  watch.start();
  await inLanes({ count: count / batch, inFlight, send, onSent: () => watch.add(batch) });
  const result = watch.result();
  const after = await broker.admin.stats();
  await broker.close();
  return { ...result, messagesPerCommit: count / (after.groupCommits - before.groupCommits) };
}
