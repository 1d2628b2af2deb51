// node mixed-load.mjs '{ "location", "history", "mode": "load" | "drain", "minFreeDiskBytes"?, "padding"? }'
//
// `load` sends and consumes until it is killed, or told to close by a line on its standard input. `drain` consumes what is left, writes the
// dead letters down and closes.

import { writeSync } from 'node:fs';
import { Broker } from 'pocketmq';
import { consume, drained, listDeadLetters, Recorder } from './recorder.mjs';

const { location, history, mode, minFreeDiskBytes, padding = 30 } = JSON.parse(process.argv[2]);
const recorder = new Recorder(history);
const say = (word) => writeSync(1, `${word}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

say('opening');
const broker = await Broker.open({ location, logger: false, ...(minFreeDiskBytes === undefined ? {} : { limits: { minFreeDiskBytes } }) });
recorder.write({ kind: 'opened' });
recorder.listenTo(broker);
broker.events.on('damage', (damage) => say(`damage ${JSON.stringify(damage)}`));
say('open');
await broker.admin.createTopic('orders', { queueCount: 3 });
await broker.admin.createTopic('events', { queueCount: 2 });
const { consumers, receiving } = await consume(broker, recorder);
say('consuming');

let stopping = false;
let sentCount = 0;
const run = `${process.pid.toString(36)}${Date.now().toString(36)}`;
const nextId = () => `${run}-${sentCount++}`;
const fails = () => (Math.random() < 0.9 ? 0 : Math.floor(Math.random() * 6));
const size = () => (Math.random() < 0.1 ? padding * 100 : padding);

async function sendSingles(producer, durability, gapMs) {
  while (!stopping) {
    const message = recorder.message(nextId(), Math.random() < 0.5 ? 'orders' : 'events', { fails: fails(), padding: size() });
    await recorder.send(message.keys[0], [message], () => producer.send(message, { durability }));
    await pause(gapMs);
  }
}

async function sendBatches(producer) {
  while (!stopping) {
    const messages = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () =>
      recorder.message(nextId(), Math.random() < 0.5 ? 'orders' : 'events', {
        padding: size(),
        ...(Math.random() < 0.3 && { messageGroup: 'batched' }),
      }),
    );
    const durability = Math.random() < 0.5 ? 'sync' : 'async';
    await recorder.send(messages[0].keys[0], messages, () => producer.sendBatch(messages, { durability }));
    await pause(15);
  }
}

/** Three in flight at a time: the order of the calls is the order of the messages. */
async function sendInOrder(producer, messageGroup) {
  while (!stopping) {
    const durability = Math.random() < 0.5 ? 'sync' : 'async';
    const sends = [1, 2, 3].map(() => {
      const message = recorder.message(nextId(), 'orders', { messageGroup, fails: fails(), padding: size() });
      return recorder.send(message.keys[0], [message], () => producer.send(message, { durability }));
    });
    await Promise.all(sends);
    await pause(8);
  }
}

async function close() {
  stopping = true;
  await Promise.all(sending);
  await broker.close();
  await Promise.all(receiving);
  recorder.write({ kind: 'closed' });
  recorder.end();
  say('closed');
  process.stdin.destroy();
}

let sending = [];
if (mode === 'load') {
  const producer = broker.createProducer();
  sending = [
    sendSingles(producer, 'sync', 3),
    sendSingles(producer, 'sync', 5),
    sendSingles(producer, 'async', 2),
    sendSingles(producer, 'async', 4),
    sendBatches(producer),
    sendInOrder(producer, 'alpha'),
    sendInOrder(producer, 'beta'),
  ];
  process.stdin.once('data', () => void close());
} else {
  await drained(broker, 30_000);
  await listDeadLetters(broker, recorder);
  for (const consumer of consumers) await consumer.close();
  await close();
}
