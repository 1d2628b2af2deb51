// node poison.mjs '{ "location", "handled", "maxAttempts", "poisons", "send"? }': consumes until nothing is left. A message that says `poison`
// kills this process while its neighbours are being worked on.

import { openSync, writeSync } from 'node:fs';
import { Broker } from 'pocketmq';

const { location, handled, maxAttempts, poisons, send } = JSON.parse(process.argv[2]);
const file = openSync(handled, 'a');
const broker = await Broker.open({ location, logger: false });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
if (send) {
  await broker.admin.createGroup('workers', { maxAttempts, retryPolicy: { kind: 'customized', delaysMs: [10] } });
  const messages = Array.from({ length: 20 }, (_, i) => ({ topic: 'orders', body: poisons.includes(i) ? `poison ${i}` : `good ${i}` }));
  await broker.createProducer().sendBatch(messages);
}
broker.events.on('acked', ({ messageId }) => writeSync(file, `acked ${bodies.get(messageId)}\n`));
const bodies = new Map();
await broker.createPushConsumer({
  group: 'workers',
  subscriptions: { orders: '*' },
  concurrency: 6,
  listener: async (view) => {
    const body = view.text();
    bodies.set(view.messageId, body);
    writeSync(file, `got ${body} ${view.deliveryAttempt}\n`);
    if (body.startsWith('poison')) {
      await pause(5);
      process.kill(process.pid, 'SIGKILL');
    }
    await pause(30);
  },
});
for (;;) {
  const progress = await broker.admin.getGroupProgress('workers');
  if (progress.every(({ lag }) => lag === 0)) break;
  await pause(10);
}
const { items } = await broker.admin.listDeadLetters('workers');
console.log(`dead ${JSON.stringify(items.map(({ message, attempts }) => ({ body: message.text(), attempts })))}`);
await broker.close();
