// node test/compatibility/make-later-kinds.mjs: writes fixtures of the kinds of record that came after the first release, with the package as
// it is built in `dist`. Like fixtures/v1, a fixture that was released is never made again.
//
// It holds a store that was closed, one that was killed, and `expected.json`, which says what lies in both.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Broker } from 'pocketmq';

const here = dirname(fileURLToPath(import.meta.url));
const MONTH_MS = 30 * 86_400_000;

async function makeDelays(producer) {
  const due = await producer.send({ topic: 'kinds', keys: ['due'], body: 'due', delayMs: 20 });
  const later = await producer.send({ topic: 'kinds', keys: ['later'], body: 'later', delayMs: MONTH_MS });
  const atInstant = await producer.send({ topic: 'kinds', keys: ['instant'], body: 'instant', deliverAtMs: Date.now() + MONTH_MS });
  const recalled = await producer.send({ topic: 'kinds', keys: ['recalled'], body: 'recalled', delayMs: MONTH_MS });
  await producer.recall('kinds', recalled.recallHandle);
  await delay(100);
  return { due: due.messageId, later: later.recallHandle, instant: atInstant.recallHandle, recalled: recalled.recallHandle };
}

/** One that was committed, one that was rolled back, and one that is pending and was asked about once. */
async function makeTransactions(producer) {
  const begun = {};
  for (const name of ['committed', 'rolledBack', 'pending']) {
    const transaction = producer.beginTransaction();
    await transaction.send({ topic: 'kinds', keys: [name], body: name });
    begun[name] = transaction.transactionId;
    if (name === 'committed') await transaction.commit();
    if (name === 'rolledBack') await transaction.rollback();
  }
  await delay(7_000);
  return begun;
}

async function makeExpired(broker, producer) {
  await producer.send({ topic: 'kinds', keys: ['expired'], body: 'expired', ttlMs: 1 });
  await delay(50);
  const consumer = await broker.createSimpleConsumer({ group: 'expiring', subscriptions: { kinds: '*' }, awaitDurationMs: 0 });
  await consumer.ack(await consumer.receive({ maxMessages: 100 }));
  await consumer.close();
}

/** A pull group that has come as far as the second of three messages. */
async function makePosition(broker, producer) {
  await broker.admin.createTopic('pulled', { queueCount: 1 });
  for (const key of ['first', 'second', 'third']) await producer.send({ topic: 'pulled', keys: [key], body: 'x' });
  const consumer = await broker.createPullConsumer({ group: 'archive', subscriptions: { pulled: '*' } });
  await consumer.poll({ maxMessages: 2 });
  await consumer.commit();
  await consumer.close();
}

async function fill(location) {
  const broker = await Broker.open({ location, logger: false });
  await broker.admin.createTopic('kinds', { queueCount: 1, dedupWindowMs: MONTH_MS });
  await broker.admin.createTopic('levels', { type: 'priority', queueCount: 1 });
  const producer = broker.createProducer({ transactionChecker: () => 'unknown' });
  const handles = await makeDelays(producer);
  const transactions = await makeTransactions(producer);
  await makeExpired(broker, producer);
  for (const priority of [1, 9, 4]) await producer.send({ topic: 'levels', keys: [`p${priority}`], body: 'x', priority });
  await makePosition(broker, producer);
  const once = await producer.send({ topic: 'kinds', keys: ['once'], body: 'once', dedupKey: 'only-once' });
  await broker.atomic((unit) => {
    unit.put('kept', 'a value');
    unit.put('deleted', 'another');
    unit.send({ topic: 'kinds', keys: ['unit'], body: 'unit' });
  });
  await broker.atomic((unit) => unit.delete('deleted'));
  return { broker, expected: { madeAtMs: Date.now(), handles, transactions, once: once.messageId } };
}

/** What another process may leave to us, and what only this machine needs. */
function tidy(location) {
  rmSync(join(location, 'owner.lock'), { force: true });
  rmSync(join(location, 'ballast'), { force: true });
  for (const store of ['log', 'index']) {
    for (const file of readdirSync(join(location, store))) if (/^(LOG|LOG\.old|LOCK)$/.test(file)) rmSync(join(location, store, file));
  }
}

if (process.argv[2] === 'killed') {
  const { expected } = await fill(process.argv[3]);
  writeFileSync(process.argv[4], JSON.stringify(expected));
  process.kill(process.pid, 'SIGKILL');
} else {
  const folder = join(here, 'later-kinds');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { broker, expected: closed } = await fill(join(folder, 'closed'));
  await broker.close();
  const told = join(folder, 'killed.json');
  try {
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'killed', join(folder, 'killed'), told], { stdio: 'ignore' });
  } catch {
    // It kills itself.
  }
  const killed = JSON.parse(readFileSync(told, 'utf8'));
  rmSync(told);
  tidy(join(folder, 'closed'));
  tidy(join(folder, 'killed'));
  writeFileSync(join(folder, 'expected.json'), `${JSON.stringify({ closed, killed }, null, 2)}\n`);
  console.log(`${folder} is made`);
}
