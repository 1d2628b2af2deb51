// Kills the shop ten times at moments of its own choice, lets it come to its end, and checks what it proves; then forges an invoice, which must be found.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Broker } from 'pocketmq';

const KILLS = 10;
const ORDERS = 48;
const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'main.js');
const folder = mkdtempSync(path.join(tmpdir(), 'pocketmq-shop-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

for (let kill = 0; kill < KILLS; kill += 1) {
  const { signal, text } = await shop({ killAfterMs: 50 + Math.random() * 700 });
  assert.equal(signal, 'SIGKILL', `it was killed in the middle:\n${text}`);
}
const { code, text } = await shop();
assert.equal(code, 0, text);
assert.match(text, /^Going on: \d+ of 48/m, 'it went on where it was killed');
const verdict = /^OK: (\d+) orders paid, one invoice each; (\d+) cancelled, none; (\d+) audited$/m.exec(text);
assert.ok(verdict, text);
const [paid, cancelled, audited] = verdict.slice(1).map(Number);
assert.equal(paid + cancelled, ORDERS);
assert.ok(cancelled >= ORDERS / 3, 'a third of the customers never pays');
assert.ok(audited > 0 && audited < ORDERS);
await forgeInvoice();
for (const run of ['the first', 'the next, which has to find the same store']) {
  const { code, text } = await shop();
  assert.equal(code, 1, `${run}:\n${text}`);
  assert.match(text, /^! .+ is paid and has 2 invoices$/m, run);
}
console.log(verdict[0]);

/** Writes a second invoice for an order, before the shop has finished. */
async function forgeInvoice() {
  const broker = await Broker.open({ location: path.join(folder, 'state'), logger: false });
  for await (const [key, value] of broker.store.entries({ prefix: 'invoice/', limit: 1 })) {
    await broker.atomic((unit) => {
      unit.put(`${key}-forged`, value);
      unit.delete('finished');
    });
  }
  await broker.close();
}

/** Runs the shop, and kills it some time after its first line. @param {{ killAfterMs?: number }} [run] */
async function shop({ killAfterMs } = {}) {
  const args = [program, '--orders', String(ORDERS), '--state', path.join(folder, 'state')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
  const ended = once(child, 'close');
  if (killAfterMs !== undefined) {
    await once(child.stdout, 'data');
    await delay(killAfterMs);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  return { code, signal, text: Buffer.concat(chunks).toString() };
}
