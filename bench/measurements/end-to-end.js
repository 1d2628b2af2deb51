import { openEngine, randomBody } from '../engine.js';
import { Durations } from '../stopwatch.js';

/**
 * Sends from one side, a listener at the other, at a given rate: how long after the call of `send` the listener is called.
 * @param {{ directory: string; perSecond: number; seconds: number; bodyBytes: number }} options
 */
export async function endToEnd({ directory, perSecond, seconds, bodyBytes }) {
  const broker = await openEngine(directory, 'async');
  const durations = new Durations();
  let heard = 0;
  const total = perSecond * seconds;
  let allHeard = () => {};
  /** @type {Promise<void>} */
  const done = new Promise((resolve) => {
    allHeard = resolve;
  });
  await broker.createPushConsumer({
    group: 'bench',
    subscriptions: { bench: '*' },
    listener: (message) => {
      const { body } = message;
      const sentAtMs = new DataView(body.buffer, body.byteOffset).getFloat64(0);
      heard += 1;
      if (heard > perSecond) durations.add(performance.now() - sentAtMs);
      if (heard === total) allHeard();
    },
  });
  const producer = broker.createProducer();
  const body = randomBody(bodyBytes);
  const stamp = new DataView(body.buffer);
  const message = { topic: 'bench', body };
  /** @type {unknown} */
  let failure;
  const onFailure = (/** @type {unknown} */ error) => {
    failure ??= error;
    allHeard();
  };
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  for (let sent = 0; sent < total && failure === undefined; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) / 1000) * perSecond));
    for (; sent < due; sent += 1) {
      stamp.setFloat64(0, performance.now());
      producer.send(message).catch(onFailure);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await done;
  if (failure !== undefined) throw failure;
  const elapsedMs = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(cpu);
  await broker.close();
  return { ...durations.result(), cpu: (user + system) / 1000 / elapsedMs };
}
