// node holder.mjs '{ "location" }', or the same as a worker thread: opens the broker and holds it, or says why it cannot.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Broker } from 'pocketmq';

const { location, lockWaitMs = 0, keep = false } = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const say = (line) => (isMainThread ? console.log(line) : parentPort.postMessage(line));
try {
  const broker = await Broker.open({ location, lockWaitMs, logger: false });
  say('held');
  if (isMainThread) {
    process.stdin.once('data', async () => {
      await broker.close();
      say('closed');
      process.stdin.destroy();
    });
  } else if (!keep) await broker.close();
  // A pending receive keeps the thread alive until it is terminated.
  else await (await broker.createSimpleConsumer({ group: 'holder', subscriptions: { orders: '*' } })).receive({ awaitDurationMs: 60_000 });
} catch (error) {
  say(`refused ${JSON.stringify({ code: error.code, message: error.message, details: error.details })}`);
}
