// node --expose-gc open-close.mjs '{ "location", "cycles" }': opens, works and closes, again and again. Says what was open before and after.

import { readdirSync, readlinkSync } from 'node:fs';
import { Broker } from 'pocketmq';

const { location, cycles } = JSON.parse(process.argv[2]);

function openFiles() {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

async function cycle() {
  const broker = await Broker.open({ location, logger: false });
  const consumer = await broker.createPushConsumer({ group: 'g', subscriptions: { orders: '*' }, listener: () => undefined });
  const simple = await broker.createSimpleConsumer({ group: 's', subscriptions: { orders: '*' } });
  const pending = simple.receive({ awaitDurationMs: 60_000 }).catch(() => []);
  await broker.createProducer().send({ topic: 'orders', body: 'x'.repeat(1_000) });
  await pending;
  consumer.pause();
  await broker.close();
}

async function heapAfterCollection() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

async function look() {
  const heapBytes = await heapAfterCollection();
  return {
    files: openFiles().filter((path) => path.includes(location)),
    fileCount: openFiles().length,
    heapBytes,
    resources: process.getActiveResourcesInfo(),
  };
}

for (let i = 0; i < 10; i++) await cycle();
const before = await look();
for (let i = 0; i < cycles; i++) await cycle();
const after = await look();
console.log(`result ${JSON.stringify({ before, after })}`);
