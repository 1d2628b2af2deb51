// A shop whose orders are paid, cancelled and invoiced by messages. Kill it at any moment and run it again: it goes on, and at its end it
// proves one invoice for each order that was paid, and none for one that was cancelled.
//
//   node main.js [--orders <count>] [--state <folder>] [--reset]

import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Broker, isBrokerError } from 'pocketmq';
import { startConsumers } from './consumers.js';
import { Display } from './display.js';
import { OrderBook } from './order-book.js';
import { checkerOf, placeOrders } from './place-orders.js';
import { isSettled, prove } from './proof.js';
import { createTopology } from './topology.js';

const REFRESH_MS = 100;
const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const USAGE = 'node main.js [--orders <count, 1 to 999>] [--state <folder>] [--reset]';
const settings = readSettings();
if (settings === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await run(settings);
  } catch (error) {
    if (!isBrokerError(error)) throw error;
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = 1;
  }
}

/** @returns {{ location: string, count: number, reset: boolean } | undefined} nothing where the arguments are wrong */
function readSettings() {
  try {
    const { values } = parseArgs({
      options: {
        orders: { type: 'string', default: '48' },
        state: { type: 'string', default: path.join(project, '.pocketmq', 'shop') },
        reset: { type: 'boolean', default: false },
      },
    });
    if (!/^[1-9]\d{0,2}$/.test(values.orders)) return undefined;
    return { location: values.state, count: Number(values.orders), reset: values.reset };
  } catch {
    return undefined;
  }
}

/**
 * @param {{ location: string, count: number, reset: boolean }} settings
 * @returns {Promise<number>} exit code
 */
async function run({ location, count, reset }) {
  const broker = await open(location, reset);
  try {
    await createTopology(broker.admin);
    const book = new OrderBook(broker);
    const before = (await book.all()).length;
    console.log(before === 0 ? `${count} orders` : `Going on: ${before} of ${count} orders were placed before`);
    const producer = broker.createProducer({ transactionChecker: checkerOf(book) });
    await startConsumers(broker, producer, book);
    const display = new Display();
    const placing = placeOrders(broker, producer, book, count);
    const settling = untilSettled(broker, book, { count, display });
    await Promise.all([placing, settling]);
    return await conclude(broker, await book.all());
  } finally {
    await broker.close();
  }
}

/**
 * The store of a run that was killed, or a new one.
 * @param {string} location
 * @param {boolean} reset
 */
async function open(location, reset) {
  const broker = await Broker.open({ location, logger: false });
  if (!reset && (await broker.store.get('finished')) === undefined) return broker;
  await broker.close();
  // Renamed first: whoever is killed here leaves the whole store or none.
  const old = `${location}.old`;
  rmSync(old, { recursive: true, force: true });
  renameSync(location, old);
  rmSync(old, { recursive: true, force: true });
  return Broker.open({ location, logger: false });
}

/**
 * @param {Broker} broker
 * @param {OrderBook} book
 * @param {{ count: number, display: Display }} shown
 */
async function untilSettled(broker, book, { count, display }) {
  for (;;) {
    const orders = await book.all();
    display.update(orders);
    if (await isSettled(broker, orders, count)) return;
    await delay(REFRESH_MS);
  }
}

/**
 * @param {Broker} broker
 * @param {import('./order-book.js').Order[]} orders
 */
async function conclude(broker, orders) {
  const { faults, paid, cancelled, audited } = await prove(broker, orders);
  for (const fault of faults) console.log(`! ${fault}`);
  // Not finished: the next run would begin with a new store, and what went wrong could not be looked at any more.
  if (faults.length > 0) return 1;
  await broker.atomic((unit) => unit.put('finished', ''), { durability: 'sync' });
  console.log(`OK: ${paid} orders paid, one invoice each; ${cancelled} cancelled, none; ${audited} audited`);
  return 0;
}
