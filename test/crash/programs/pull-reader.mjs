// node pull-reader.mjs '{ "location", "history" }': sends, reads the queues with a pull consumer and commits, until it is killed. It writes down
// the position that each queue begins with, what it polls, which positions it is about to commit, and when that was confirmed.

import { writeSync } from 'node:fs';
import { Broker } from 'pocketmq';
import { Recorder } from './recorder.mjs';

const { location, history } = JSON.parse(process.argv[2]);
const recorder = new Recorder(history);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

writeSync(1, 'opening\n');
const broker = await Broker.open({ location, logger: false });
await broker.admin.createTopic('readings', { queueCount: 3 });
const consumer = await broker.createPullConsumer({ group: 'readers', subscriptions: { readings: '*' } });

async function positions() {
  const entries = consumer.assignment().map(async (queue) => [queue.queueId, await consumer.position(queue)]);
  return await Promise.all(entries);
}

async function send() {
  const producer = broker.createProducer();
  for (;;) {
    const messages = Array.from({ length: 20 }, () => ({ topic: 'readings', body: 'x'.repeat(50) }));
    await producer.sendBatch(messages, { durability: Math.random() < 0.5 ? 'sync' : 'async' });
    await pause(2);
  }
}

async function read() {
  for (;;) {
    const messages = await consumer.poll({ maxMessages: 1 + Math.floor(Math.random() * 30) });
    recorder.write({ kind: 'polled', offsets: messages.map(({ queueId, queueOffset }) => [queueId, queueOffset]) });
    if (Math.random() < 0.5) continue;
    recorder.write({ kind: 'committing', positions: await positions() });
    await consumer.commit();
    recorder.write({ kind: 'committed' });
  }
}

recorder.write({ kind: 'began', positions: await positions() });
writeSync(1, 'reading\n');
await Promise.all([send(), read()]);
