import { fill, inLanes, openEngine, randomBody } from '../engine.js';
import { quietBytes, Stopwatch, warmUpOf } from '../stopwatch.js';

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
 * Single sends as above, each with a dedup key that is new, or none of them.
 * @param {{ directory: string; count: number; inFlight: number; bodyBytes: number; keyed: boolean }} options
 */
export async function uniqueSends({ directory, count, inFlight, bodyBytes, keyed }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  /** @param {string} key */
  const send = (key) => producer.send(keyed ? { topic: 'bench', body, dedupKey: key } : { topic: 'bench', body });
  await inLanes({ count: warmUpOf(count), inFlight, send: (number) => send(keyOf('w', number)) });
  const watch = new Stopwatch();
  watch.start();
  await inLanes({ count, inFlight, send: (number) => send(keyOf('m', number)), onSent: () => watch.add(1) });
  await broker.close();
  return watch.result();
}

/**
 * What dedup keys take of memory while their window is not over, in one window after the other: `count` new ones in each.
 * @param {{ directory: string; count: number; windows: number; windowMs: number }} options
 */
export async function keysInMemory({ directory, count, windows, windowMs }) {
  const broker = await openEngine(directory, 'async');
  await broker.admin.createTopic('keyed', { dedupWindowMs: windowMs });
  const producer = broker.createProducer();
  const body = randomBody(100);
  // Enough to fill the cache of recent blocks, whose bytes do not count.
  await fill({ producer, count: 800_000, message: () => ({ topic: 'bench', body }) });
  await producer.send({ topic: 'keyed', body, dedupKey: 'first' });
  const before = await quietBytes(broker);
  const bytesPerKey = [];
  for (let window = 0; window < windows; window++) {
    if (window > 0) await new Promise((resolve) => setTimeout(resolve, windowMs));
    const startedAtMs = Date.now();
    await fill({ producer, count, message: (number) => ({ topic: 'keyed', body, dedupKey: keyOf(`${window}`, number) }) });
    if (Date.now() > startedAtMs + windowMs) throw new Error('the window of the first key was over before the last was stored');
    bytesPerKey.push(((await quietBytes(broker)) - before) / count);
  }
  await broker.close();
  return { firstBytesPerKey: bytesPerKey[0] ?? Number.NaN, lastBytesPerKey: bytesPerKey.at(-1) ?? Number.NaN };
}

/**
 * As long as the number of an order usually is.
 * @param {string} phase
 * @param {number} number
 */
function keyOf(phase, number) {
  return `order-${phase}-${String(number).padStart(12, '0')}`;
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
