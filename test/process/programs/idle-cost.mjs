// node idle-cost.mjs '{ "location", "windows" }': a message fails and waits thirty days for its next attempt, with its consumer open. Says
// how much processor time the waiting took.

import { Broker } from 'pocketmq';

const { location, windows } = JSON.parse(process.argv[2]);
const broker = await Broker.open({ location, logger: false });
await broker.admin.createGroup('g', { retryPolicy: { kind: 'customized', delaysMs: [30 * 86_400_000] } });
const failed = new Promise((resolve) => broker.events.once('failed', resolve));
await broker.createProducer().send({ topic: 'orders', body: 'one' });
await broker.createPushConsumer({ group: 'g', subscriptions: { orders: '*' }, listener: () => 'failure' });
const { nextAttemptAtMs } = await failed;
// What opening leaves to do later is over then.
await new Promise((resolve) => setTimeout(resolve, 3_000));
// V8 collects now and then, some seconds after the work; a broker that polls would show in every window.
const shares = [];
for (let window = 0; window < windows; window++) {
  const before = process.cpuUsage();
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const { user, system } = process.cpuUsage(before);
  shares.push((user + system) / 1_000 / (performance.now() - from));
}
shares.sort((left, right) => left - right);
console.log(`result ${JSON.stringify({ median: shares[windows >> 1], shares, waitsMs: nextAttemptAtMs - Date.now() })}`);
await broker.close();
