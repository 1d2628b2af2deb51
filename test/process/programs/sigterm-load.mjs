// node sigterm-load.mjs '{ "location" }': works as hard as it can until SIGTERM, then closes and returns. Says how many sends had a
// receipt, how many were refused, and how many neither.

import { Broker } from 'pocketmq';

const { location } = JSON.parse(process.argv[2]);
const broker = await Broker.open({ location, logger: false });
const producer = broker.createProducer();
const counts = { receipts: 0, refused: 0, other: 0, pending: 0, handled: 0 };
let closing = false;

await broker.createPushConsumer({
  group: 'workers',
  subscriptions: { orders: '*' },
  listener: async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    counts.handled++;
    if (Math.random() < 0.1) throw new Error('planned');
  },
});
const simple = await broker.createSimpleConsumer({ group: 'audit', subscriptions: { orders: '*' } });
let openReceives = 0;

async function receive() {
  openReceives++;
  try {
    for (;;) await simple.ack(await simple.receive());
  } catch (error) {
    if (error.code !== 'MQ_BROKER_NOT_OPEN') throw error;
  } finally {
    openReceives--;
  }
}

async function send(durability) {
  while (!closing) {
    counts.pending++;
    try {
      await producer.send({ topic: 'orders', body: 'x'.repeat(500), messageGroup: `g${counts.pending % 7}` }, { durability });
      counts.receipts++;
    } catch (error) {
      if (error.code === 'MQ_BROKER_NOT_OPEN') counts.refused++;
      else counts.other++;
      closing = true;
    } finally {
      counts.pending--;
    }
  }
}

const working = [receive(), receive(), ...Array.from({ length: 32 }, (_, i) => send(i % 2 === 0 ? 'sync' : 'async'))];
process.once('SIGTERM', async () => {
  await broker.close();
  await Promise.all(working);
  console.log(`closed ${JSON.stringify({ ...counts, openReceives })}`);
});
setTimeout(() => console.log('working'), 300);
