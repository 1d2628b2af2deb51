// node idle-cost.mjs '{ "location", "seconds" }': a message fails and waits thirty days for its next attempt, with its consumer open. Says
// how much processor time the waiting took.

import { Broker } from 'pocketmq';

const { location, seconds } = JSON.parse(process.argv[2]);
const broker = await Broker.open({ location, logger: false });
await broker.admin.createGroup('g', { retryPolicy: { kind: 'customized', delaysMs: [30 * 86_400_000] } });
const failed = new Promise((resolve) => broker.events.once('failed', resolve));
await broker.createProducer().send({ topic: 'orders', body: 'one' });
await broker.createPushConsumer({ group: 'g', subscriptions: { orders: '*' }, listener: () => 'failure' });
const { nextAttemptAtMs } = await failed;
// What opening leaves to do later is over then.
await new Promise((resolve) => setTimeout(resolve, 3_000));
const before = process.cpuUsage();
const from = performance.now();
await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
const { user, system } = process.cpuUsage(before);
const elapsedMs = performance.now() - from;
console.log(`result ${JSON.stringify({ cpuMs: (user + system) / 1_000, elapsedMs, waitsMs: nextAttemptAtMs - Date.now() })}`);
await broker.close();
