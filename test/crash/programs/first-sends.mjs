// node first-sends.mjs '{ "location", "history", "sends" }': opens a new store, sends with sync, and waits to be killed.

import { writeSync } from 'node:fs';
import { Broker } from 'pocketmq';
import { Recorder } from './recorder.mjs';

const { location, history, sends } = JSON.parse(process.argv[2]);
const recorder = new Recorder(history);
const broker = await Broker.open({ location, logger: false, limits: { minFreeDiskBytes: 1_048_576 } });
recorder.write({ kind: 'opened' });
const producer = broker.createProducer();
if (sends > 0) await broker.admin.createTopic('orders', { queueCount: 3 });
for (let i = 0; i < sends; i++) {
  const message = recorder.message(`first-${process.pid}-${i}`, 'orders');
  await recorder.send(message.keys[0], [message], () => producer.send(message));
}
writeSync(1, 'done\n');
setInterval(() => undefined, 1_000);
