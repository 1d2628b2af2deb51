// Loads the service, sends SIGTERM in the middle, and checks: exit code 0, and every order that was accepted is fulfilled or still queued.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Broker } from 'pocketmq';
import { GROUP } from './order-app.js';

const CLIENTS = 40;
const LOAD_MS = 1000;

const folder = mkdtempSync(path.join(tmpdir(), 'pocketmq-http-app-'));
const accepted = new Set();
const refused = { before: 0, after: 0 };
let signalled = false;

try {
  const { child, url } = await startService();
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(url, number));
  await delay(LOAD_MS);
  const exit = once(child, 'exit');
  signalled = true;
  child.kill('SIGTERM');
  await Promise.all(clients);
  assert.deepEqual(await exit, [0, null], 'the service ends by itself with exit code 0');

  const fulfilled = fulfilledIds();
  const queued = await queuedIds();
  const lost = [...accepted].filter((id) => !fulfilled.has(id) && !queued.has(id));
  assert.deepEqual(lost, [], 'an accepted order was lost');
  assert.equal(refused.before, 0, 'every request before the signal is accepted');
  assert.ok(accepted.size > 0 && queued.size > 0, 'the signal came while there was work');
  console.log(
    `${accepted.size} accepted, ${fulfilled.size} fulfilled, ${queued.size} queued, 0 lost; ${refused.after} refused after SIGTERM`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function startService() {
  const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'main.js');
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, DATA: folder, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const url = /http:\S+/.exec(line)?.[0];
  assert.ok(url, `the service says where it listens, not ${JSON.stringify(line)}`);
  return { child, url };
}

/** Orders one thing after the other until the service is gone. */
async function client(url, number) {
  for (let order = 0; ; order += 1) {
    try {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify({ item: `${number}/${order}` }) });
      if (response.status === 202) accepted.add(/** @type {{ id: string }} */ (await response.json()).id);
      else refused[signalled ? 'after' : 'before'] += 1;
    } catch {
      // The connection was refused or reset: nobody said that the order was accepted.
      refused[signalled ? 'after' : 'before'] += 1;
      return;
    }
  }
}

function fulfilledIds() {
  const file = path.join(folder, 'fulfilled.jsonl');
  if (!existsSync(file)) return new Set();
  return new Set(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).id),
  );
}

async function queuedIds() {
  const broker = await Broker.open({ location: path.join(folder, 'queue') });
  const consumer = await broker.createSimpleConsumer({ group: GROUP, subscriptions: { orders: '*' }, maxMessages: 1024 });
  const ids = new Set();
  for (
    let messages = await consumer.receive({ awaitDurationMs: 500 });
    messages.length > 0;
    messages = await consumer.receive({ awaitDurationMs: 500 })
  ) {
    for (const { messageId } of messages) ids.add(messageId);
    await consumer.ack(messages);
  }
  await broker.close();
  return ids;
}
