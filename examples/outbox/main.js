// The outbox without an outbox table: balances and the messages about them are written in one atomic unit. This program kills the bank in
// the middle of its transfers, three times, and then adds up what the messages say: it is what the balances are.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Broker } from 'pocketmq';

const TRANSFERS = 'transfers';
const ACCOUNTS = ['anna', 'ben', 'carla'];
const KILLS = 3;

const location = process.argv[2];
if (location === undefined) await killAndProve();
else await transferForEver(location);

/**
 * The bank: both balances and the message, or none of the three.
 * @param {string} folder
 */
async function transferForEver(folder) {
  const broker = await Broker.open({ location: folder, logger: false });
  for (let number = 0; ; number += 1) {
    const from = ACCOUNTS[number % 3] ?? '';
    const to = ACCOUNTS[(number + 1 + (number % 2)) % 3] ?? '';
    const cents = 100 + (number % 7);
    const balances = await balancesOf(broker);
    await broker.atomic((unit) => {
      unit.put(`balance/${from}`, String((balances.get(from) ?? 0) - cents));
      unit.put(`balance/${to}`, String((balances.get(to) ?? 0) + cents));
      unit.send({ topic: TRANSFERS, json: { from, to, cents } });
    });
    if (number === 0) console.log('transferring');
  }
}

async function killAndProve() {
  const folder = mkdtempSync(path.join(tmpdir(), 'pocketmq-outbox-'));
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const bank = spawn(process.execPath, [fileURLToPath(import.meta.url), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(bank.stdout, 'data');
      await delay(100 + 50 * kill);
      bank.kill('SIGKILL');
      await once(bank, 'close');
    }
    await prove(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
async function prove(folder) {
  const broker = await Broker.open({ location: folder, logger: false });
  const consumer = await broker.createSimpleConsumer({ group: 'books', subscriptions: { [TRANSFERS]: '*' }, awaitDurationMs: 0 });
  /** @type {Map<string, number>} */
  const told = new Map();
  let messages = 0;
  for (let views = await consumer.receive({ maxMessages: 32 }); views.length > 0; views = await consumer.receive({ maxMessages: 32 })) {
    for (const view of views) {
      const { from, to, cents } = /** @type {{ from: string, to: string, cents: number }} */ (view.json());
      told.set(from, (told.get(from) ?? 0) - cents);
      told.set(to, (told.get(to) ?? 0) + cents);
    }
    messages += views.length;
    await consumer.ack(views);
  }
  const balances = await balancesOf(broker);
  await broker.close();
  assert.ok(messages >= KILLS);
  assert.deepEqual(told, balances);
  console.log(`OK: ${messages} transfers over ${KILLS} kills, and every balance is what the messages say`);
}

/**
 * @param {Broker} broker
 * @returns {Promise<Map<string, number>>}
 */
async function balancesOf(broker) {
  const values = await broker.store.getMany(ACCOUNTS.map((name) => `balance/${name}`));
  return new Map(ACCOUNTS.map((name, i) => [name, Number(new TextDecoder().decode(values[i]) || 0)]));
}
