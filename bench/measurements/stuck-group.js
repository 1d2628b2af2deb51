import { inLanes, openEngine, randomBody, receiveAndAck } from '../engine.js';
import { liveBytes, Stopwatch } from '../stopwatch.js';

const OTHER_GROUPS = 1000;
const TWELVE_HOURS_MS = 12 * 3_600_000;

/**
 * `behind` messages of one message group alternate with as many of others in one queue; the first of the group is never acknowledged.
 * With `stuck: false` the neighbours lie in a topic that nobody reads, so that the log is the same and only the lock is missing.
 * @param {{ directory: string; stuck: boolean; behind: number; bodyBytes: number }} options
 */
export async function stuckGroup({ directory, stuck, behind, bodyBytes }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  await broker.admin.createTopic('work', { queueCount: 1 });
  await broker.admin.createTopic('elsewhere', { queueCount: 1 });
  const consumer = await broker.createSimpleConsumer({ group: 'bench', subscriptions: { work: '*' } });
  const neighbour = { topic: stuck ? 'work' : 'elsewhere', body, messageGroup: 'stuck' };
  const others = Array.from({ length: OTHER_GROUPS }, (_, number) => ({ topic: 'work', body, messageGroup: `other-${number}` }));
  /** @param {number} number */
  const message = (number) => (number % 2 === 0 ? neighbour : others[(number >> 1) % OTHER_GROUPS]);
  const send = (/** @type {number} */ number) => producer.send(message(number));

  const sending = new Stopwatch();
  await inLanes({ count: 20_000, inFlight: 256, send });
  const first = stuck ? await consumer.receive({ maxMessages: 1, invisibleDurationMs: TWELVE_HOURS_MS }) : [];
  const receiving = new Stopwatch();
  await receiveAndAck({ consumer, count: 10_000, loops: 1, onAcked: () => {} });
  sending.start();
  await inLanes({ count: behind * 2, inFlight: 256, send, onSent: () => sending.add(1) });
  const bytesBefore = liveBytes();
  receiving.start();
  await receiveAndAck({ consumer, count: behind, loops: 1, onAcked: (acked) => receiving.add(acked) });
  const heapGrowth = liveBytes() - bytesBefore;

  // Now everything of the stuck group is passed over, and others come at the end of the queue.
  const late = new Stopwatch();
  const lateCount = Math.min(behind, 100_000);
  await inLanes({ count: lateCount, inFlight: 256, send: (number) => producer.send(others[number % OTHER_GROUPS]) });
  late.start();
  await receiveAndAck({ consumer, count: lateCount, loops: 1, onAcked: (acked) => late.add(acked) });
  if (stuck && first.length !== 1) throw new Error('the stuck message was not received');
  const result = {
    sendPerSecond: sending.result().perSecond,
    receivePerSecond: receiving.result().perSecond,
    worstPauseMs: receiving.worstPauseMs,
    latePerSecond: late.result().perSecond,
    heapGrowthMiB: heapGrowth / 1024 / 1024,
  };
  await broker.close();
  return result;
}
