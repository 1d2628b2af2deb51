// node test/compatibility/make-fixture.mjs [v1]: writes fixtures/v1 with the package as it is built in `dist`. Run it once for each format;
// a fixture that was released is never made again, because it must go on to open in every later version.
//
// It holds a store that was closed, one that was killed, and `expected.json`, which says what lies in both.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Broker } from 'pocketmq';

const here = dirname(fileURLToPath(import.meta.url));
const MONTH_MS = 30 * 86_400_000;
/** Messages of every shape; each has its first key as its name. */
const shapes = [
  { name: 'text', body: 'plain text' },
  { name: 'unicode', body: 'naïve 🦊 \u0000 end', tag: 'grün', properties: { ключ: 'значение', empty: '' } },
  { name: 'bytes', body: Uint8Array.from({ length: 256 }, (_, byte) => byte) },
  { name: 'json', json: { id: 7, list: [1, 'two', null], nested: { deep: true } } },
  { name: 'keys', body: 'keys', keys: ['k1', 'k2', 'k3'] },
  { name: 'prototype', body: 'prototype', properties: { ['__proto__']: 'a property', constructor: 'another' } },
  { name: 'first', body: 'in order', messageGroup: 'customer-1', tag: 'a' },
  { name: 'second', body: 'in order', messageGroup: 'customer-1', tag: 'b' },
  { name: 'third', body: 'in order', messageGroup: 'Kunde-ß', tag: 'c' },
  { name: 'partition', body: 'by key', partitionKey: 'p-1' },
  { name: 'large', body: 'x'.repeat(12_000) },
];

function toMessage({ name, keys = [], ...shape }) {
  return { topic: 'shapes', keys: [name, ...keys], ...shape };
}

function described({ name, keys = [], body, json, tag, properties = {}, messageGroup }, receipt) {
  const content = json === undefined ? Buffer.from(body) : Buffer.from(JSON.stringify(json));
  const { messageId, queueId, queueOffset } = receipt;
  return {
    name,
    messageId,
    queueId,
    queueOffset,
    keys: [name, ...keys],
    body: content.toString('base64'),
    properties: Object.entries(properties),
    ...(tag && { tag }),
    ...(messageGroup && { messageGroup }),
  };
}

/** Every message of a topic that a consumer may have now, by name. */
async function receiveAll(consumer) {
  const views = new Map();
  for (;;) {
    const received = await consumer.receive({ maxMessages: 100, awaitDurationMs: 0, invisibleDurationMs: 3_600_000 });
    if (received.length === 0) return views;
    for (const view of received) views.set(view.keys[0], view);
  }
}

async function sendShapes(broker) {
  const producer = broker.createProducer();
  const messages = [];
  for (const [i, shape] of shapes.entries()) {
    messages.push(described(shape, await producer.send(toMessage(shape), { durability: i % 2 === 0 ? 'sync' : 'async' })));
  }
  const batch = ['batch-1', 'batch-2', 'batch-3'].map((name) => ({ name, body: `${name} body`, tag: 'a' }));
  const receipts = await producer.sendBatch(batch.map(toMessage));
  return [...messages, ...batch.map((shape, i) => described(shape, receipts[i]))];
}

/** Metadata of every kind, deleted things included. */
async function makeMetadata(broker) {
  const { admin } = broker;
  await admin.createTopic('shapes', { queueCount: 2 });
  await admin.createTopic('grown', { type: 'fifo', queueCount: 1 });
  await admin.updateTopic('grown', { queueCount: 3 });
  await admin.createTopic('gone');
  await broker.createProducer().send({ topic: 'gone', body: 'gone' });
  await admin.deleteTopic('gone');
  await admin.createGroup('states', { maxAttempts: 3, retryPolicy: { kind: 'customized', delaysMs: [1_000, MONTH_MS] } });
  await admin.createGroup('exponential', {
    ordered: false,
    retryPolicy: { kind: 'exponential', initialMs: 10, maxMs: 1_000, multiplier: 2 },
  });
  await admin.updateGroup('exponential', { paused: true, startFrom: 'latest' });
  await admin.createGroup('deleted');
  await admin.deleteGroup('deleted');
}

/** Group `states`: one message in each state that there is. */
async function makeStates(broker) {
  const consumer = await broker.createSimpleConsumer({ group: 'states', subscriptions: { shapes: '*' } });
  const views = await receiveAll(consumer);
  const of = (name) => views.get(name);
  await consumer.ack(of('text'));
  await consumer.ack([of('unicode'), of('bytes')]);
  await consumer.forwardToDeadLetter(of('json'), 'forwarded by hand');
  await consumer.forwardToDeadLetter(of('keys'), 'to be redriven');
  await broker.admin.redriveDeadLetters('states', { messageIds: [of('keys').messageId] });
  await consumer.changeInvisibleDuration(of('prototype'), 0);
  await consumer.changeInvisibleDuration(of('large'), 7_200_000);
  // What is still held is given back with the consumer: its delivery has counted.
  await consumer.close();
  return {
    group: 'states',
    topic: 'shapes',
    subscription: '*',
    available: [
      ['keys', 1],
      ['prototype', 2],
      ['large', 2],
      ['first', 2],
      ['second', 1],
      ['third', 2],
      ['partition', 2],
      ['batch-1', 2],
      ['batch-2', 2],
      ['batch-3', 2],
    ],
    dead: [['json', 1, 'forwarded by hand']],
  };
}

/** Group `retrying`: a failed message waits for a month, another is dead after its last attempt; filtered ones are passed over. */
async function makeRetries(broker) {
  await broker.admin.createGroup('retrying', { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [5, 5] } });
  await broker.admin.createGroup('waiting', { retryPolicy: { kind: 'customized', delaysMs: [MONTH_MS] } });
  const dead = new Promise((resolve) => {
    broker.events.on('deadLettered', ({ group }) => group === 'retrying' && resolve());
  });
  const failed = new Promise((resolve) => {
    broker.events.on('failed', ({ group }) => group === 'waiting' && resolve());
  });
  const subscriptions = { shapes: 'a || b' };
  const fail = (name) => (view) => (view.keys[0] === name ? 'failure' : 'success');
  const retrying = await broker.createPushConsumer({ group: 'retrying', subscriptions, listener: fail('batch-1') });
  const waiting = await broker.createPushConsumer({ group: 'waiting', subscriptions, listener: fail('batch-2') });
  await Promise.all([dead, failed]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await retrying.close();
  await waiting.close();
  return [
    { group: 'retrying', topic: 'shapes', subscription: 'a || b', available: [], dead: [['batch-1', 2, undefined]] },
    { group: 'waiting', topic: 'shapes', subscription: 'a || b', available: [], waiting: 1, dead: [] },
  ];
}

/** Groups whose position was set, and one whose dead letters were thrown away. */
async function makePositions(broker, messages) {
  const { admin } = broker;
  const subscriptions = { shapes: '*' };
  for (const group of ['moved', 'latest', 'purged']) {
    const startFrom = group === 'latest' ? 'latest' : 'earliest';
    const consumer = await broker.createSimpleConsumer({ group, subscriptions, startFrom });
    const views = await receiveAll(consumer);
    if (group === 'purged') for (const view of views.values()) await consumer.forwardToDeadLetter(view);
    await consumer.close();
  }
  await admin.purgeDeadLetters('purged');
  await admin.resetOffset('moved', { topic: 'shapes', queueId: 0, to: { offset: 2 } });
  await admin.resetOffset('moved', { topic: 'shapes', queueId: 1, to: 'latest' });
  const moved = messages.filter(({ queueId, queueOffset }) => queueId === 0 && queueOffset >= 2);
  const shared = { topic: 'shapes', subscription: '*', dead: [] };
  return [
    { ...shared, group: 'moved', available: moved.map(({ name }) => [name, 1]) },
    { ...shared, group: 'latest', available: [] },
    // The first message of its group was held while the others were forwarded.
    { ...shared, group: 'purged', available: [['second', 1]] },
  ];
}

async function fill(location) {
  const broker = await Broker.open({ location, logger: false });
  await makeMetadata(broker);
  const messages = await sendShapes(broker);
  const groups = [await makeStates(broker), ...(await makeRetries(broker)), ...(await makePositions(broker, messages))];
  return { broker, expected: { madeAtMs: Date.now(), messages, groups } };
}

/** What another process may leave to us, and what only this machine needs. */
function tidy(location) {
  rmSync(join(location, 'owner.lock'), { force: true });
  rmSync(join(location, 'ballast'), { force: true });
  for (const store of ['log', 'index']) {
    for (const file of readdirSync(join(location, store))) if (/^(LOG|LOG\.old|LOCK)$/.test(file)) rmSync(join(location, store, file));
  }
}

async function makeClosed(location) {
  const { broker, expected } = await fill(location);
  await broker.close();
  // A second life, so that the log has tables as well as a newest file.
  const again = await Broker.open({ location, logger: false });
  await again.close();
  return expected;
}

if (process.argv[2] === 'killed') {
  const { expected } = await fill(process.argv[3]);
  writeFileSync(process.argv[4], JSON.stringify(expected));
  process.kill(process.pid, 'SIGKILL');
} else {
  const folder = join(here, 'fixtures', process.argv[2] ?? 'v1');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const closed = await makeClosed(join(folder, 'closed'));
  const told = join(folder, 'killed.json');
  try {
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'killed', join(folder, 'killed'), told], { stdio: 'ignore' });
  } catch {
    // It kills itself.
  }
  const { default: killed } = await import(`file://${told}`, { with: { type: 'json' } });
  rmSync(told);
  tidy(join(folder, 'closed'));
  tidy(join(folder, 'killed'));
  writeFileSync(join(folder, 'expected.json'), `${JSON.stringify({ closed, killed }, null, 2)}\n`);
  console.log(`${folder} is made`);
}
