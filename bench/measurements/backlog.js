import { fill, inLanes, openEngine, randomBody, receiveAndAck } from '../engine.js';
import { liveBytes, Stopwatch } from '../stopwatch.js';

/**
 * Sends and receives in a store that holds `backlog` messages, oldest first; measures how the heap grows with the backlog.
 * @param {{ directory: string; backlog: number; count: number; bodyBytes: number }} options
 */
export async function beforeBacklog({ directory, backlog, count, bodyBytes }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const message = { topic: 'bench', body: randomBody(bodyBytes) };
  const consumer = await broker.createSimpleConsumer({ group: 'bench', subscriptions: { bench: '*' } });
  // Enough to fill the cache of recent blocks, whose bytes do not count as growth.
  await fill({ producer, count: count / 10 + (80 * 1024 * 1024) / bodyBytes, message: () => message });
  const bytesBefore = liveBytes();
  await fill({ producer, count: backlog, message: () => message });
  const heapGrowth = liveBytes() - bytesBefore;
  const sending = new Stopwatch();
  sending.start();
  await inLanes({ count, inFlight: 256, send: () => producer.send(message), onSent: () => sending.add(1) });
  const receiving = new Stopwatch();
  await receiveAndAck({ consumer, count: count / 10, loops: 1, onAcked: () => {} });
  receiving.start();
  await receiveAndAck({ consumer, count, loops: 1, onAcked: (acked) => receiving.add(acked) });
  const result = {
    sendPerSecond: sending.result().perSecond,
    receivePerSecond: receiving.result().perSecond,
    heapGrowthMiB: heapGrowth / 1024 / 1024,
  };
  await broker.close();
  return result;
}
