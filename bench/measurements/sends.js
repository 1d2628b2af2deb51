import { inLanes, openEngine, randomBody } from '../engine.js';
import { Stopwatch, warmUpOf } from '../stopwatch.js';

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
