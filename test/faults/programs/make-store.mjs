// node make-store.mjs '{ "location", "ending": "close" | "kill" }': makes a store in two lives, the first of which closes. With `kill` the
// second one says that it is ready and waits for its end.
//
// The group `done` has acknowledged messages 0 to 99 and 300 to 349 and forwarded 100 and 101 to its dead letters.

import { Broker } from 'pocketmq';

const { location, ending } = JSON.parse(process.argv[2]);
const body = (number) => `${number} ${String(number).padStart(4, '0').repeat(60)}`;

async function live(from, to, ackUntil) {
  const broker = await Broker.open({ location, logger: false });
  if (from === 0) await broker.admin.createTopic('orders', { queueCount: 2 });
  const producer = broker.createProducer();
  const done = await broker.createSimpleConsumer({
    group: 'done',
    subscriptions: { orders: { tag: 'acked || dead' } },
    awaitDurationMs: 0,
  });
  for (let number = from; number < to; number++) {
    const tag = number < ackUntil ? 'acked' : number < from + 102 && from === 0 ? 'dead' : 'left';
    await producer.send({ topic: 'orders', body: body(number), keys: [String(number)], tag });
  }
  for (;;) {
    const views = await done.receive();
    if (views.length === 0) break;
    for (const view of views.filter(({ tag }) => tag === 'dead')) await done.forwardToDeadLetter(view, 'planned');
    const acked = views.filter(({ tag }) => tag === 'acked');
    if (acked.length > 0) await done.ack(acked);
  }
  return broker;
}

await (await live(0, 300, 100)).close();
const broker = await live(300, 400, 350);
if (ending === 'close') await broker.close();
else {
  console.log('ready');
  setInterval(() => undefined, 1_000);
}
