import { fill, openEngine, randomBody, receiveAndAck } from '../engine.js';
import { Stopwatch } from '../stopwatch.js';

const IN_FLIGHT = 64;

/**
 * Sends with `sync`, 64 in flight, until they are stopped.
 * @param {{ producer: import('../engine.js').Producer; bodyBytes: number; watch: Stopwatch }} options
 */
function sendUntilStopped({ producer, bodyBytes, watch }) {
  const message = { topic: 'load', body: randomBody(bodyBytes) };
  let stopped = false;
  async function lane() {
    while (!stopped) {
      await producer.send(message, { durability: 'sync' });
      watch.add(1);
    }
  }
  const lanes = Array.from({ length: IN_FLIGHT }, lane);
  return async () => {
    stopped = true;
    const result = watch.result();
    await Promise.all(lanes);
    return result;
  };
}

/**
 * A consumer that works off messages which are there already, 64 sync sends to another topic, or both.
 * @param {{ directory: string; consumer?: 'receive' | 'push'; sending: boolean; count: number; loadBytes: number; bodyBytes: number; durationMs: number }} options
 */
export async function besideSyncSends({ directory, consumer, sending, count, loadBytes, bodyBytes, durationMs }) {
  const broker = await openEngine(directory, 'async');
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  await broker.admin.createTopic('work', { queueCount: 1 });
  await broker.admin.createTopic('load');
  const consuming = new Stopwatch();
  const work = consumer === undefined ? undefined : await prepare({ broker, kind: consumer, consuming, count });
  if (work !== undefined) await fill({ producer, count: count * 1.1, message: () => ({ topic: 'work', body }) });
  await work?.warmUp();
  const watch = new Stopwatch();
  const stop = sending ? sendUntilStopped({ producer, bodyBytes: loadBytes, watch }) : undefined;
  if (sending) await new Promise((resolve) => setTimeout(resolve, 200));
  watch.start();
  consuming.start();
  if (work === undefined) await new Promise((resolve) => setTimeout(resolve, durationMs));
  else await work.run();
  const sent = await stop?.();
  await broker.close();
  return {
    consumedPerSecond: work === undefined ? Number.NaN : consuming.result().perSecond,
    sentPerSecond: sent?.perSecond ?? Number.NaN,
  };
}

/** @param {{ broker: import('pocketmq').Broker; kind: 'receive' | 'push'; consuming: Stopwatch; count: number }} options */
async function prepare({ broker, kind, consuming, count }) {
  const options = { group: 'bench', subscriptions: { work: '*' } };
  if (kind === 'receive') {
    const consumer = await broker.createSimpleConsumer(options);
    const work = (/** @type {number} */ amount) =>
      receiveAndAck({ consumer, count: amount, loops: 1, onAcked: (acked) => consuming.add(acked) });
    return { warmUp: () => work(count * 0.1), run: () => work(count) };
  }
  let left = 0;
  let drained = () => {};
  const consumer = await broker.createPushConsumer({
    ...options,
    listener: () => {
      consuming.add(1);
      left -= 1;
      if (left === 0) drained();
    },
  });
  consumer.pause();
  return {
    warmUp: async () => {},
    run: async () => {
      left = count;
      /** @type {Promise<void>} */
      const done = new Promise((resolve) => {
        drained = resolve;
      });
      consumer.resume();
      await done;
    },
  };
}
