// node examine-store.mjs: for each location on its standard input, opens the store there, reads everything that it still says, and answers
// with one line. A damaged file can make LevelDB abort the process; then whoever asked starts another one.

import { createInterface } from 'node:readline';
import { Broker, isBrokerError } from 'pocketmq';

const padding = (number) => String(number).padStart(4, '0').repeat(60);

async function receiveAll(consumer, into, wrong) {
  for (;;) {
    const views = await consumer.receive();
    if (views.length === 0) return;
    for (const view of views) {
      const number = Number(view.keys[0]);
      if (view.text() !== `${number} ${padding(number)}`) wrong.push(`${number} is ${view.text().slice(0, 40)}`);
      into.push(number);
    }
    await consumer.ack(views);
  }
}

async function examine(location) {
  const findings = { reports: [], wrong: [], everything: [], again: [], dead: [] };
  let broker;
  try {
    broker = await Broker.open({ location, logger: false });
  } catch (error) {
    return { ...findings, refusal: isBrokerError(error) ? error.code : `not ours: ${error.stack}`, reports: [error.message] };
  }
  broker.events.on('damage', (damage) => findings.reports.push(JSON.stringify(damage)));
  const reported = async (work) => {
    try {
      await work();
    } catch (error) {
      findings.reports.push(error.code);
      if (!isBrokerError(error)) findings.wrong.push(`not ours: ${error.stack}`);
    }
  };
  const options = { awaitDurationMs: 0, maxMessages: 64 };
  await reported(async () => {
    if ((await broker.admin.getTopic('orders')) === undefined) findings.reports.push('the topic is gone');
    const verify = await broker.createSimpleConsumer({ ...options, group: 'verify', subscriptions: { orders: '*' } });
    await receiveAll(verify, findings.everything, findings.wrong);
  });
  await reported(async () => {
    const done = await broker.createSimpleConsumer({ ...options, group: 'done', subscriptions: { orders: { tag: 'acked || dead' } } });
    await receiveAll(done, findings.again, findings.wrong);
  });
  await reported(async () => {
    for (const { message } of (await broker.admin.listDeadLetters('done')).items) findings.dead.push(Number(message.keys[0]));
  });
  await reported(() => broker.close({ deadlineMs: 1_000 }));
  return findings;
}

for await (const location of createInterface({ input: process.stdin })) {
  console.log(`found ${location} ${JSON.stringify(await examine(location))}`);
}
