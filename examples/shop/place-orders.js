import { setTimeout as delay } from 'node:timers/promises';
import { DEADLINES, ORDERS, PAY_WITHIN_MS } from './topology.js';

/** @typedef {import('./order-book.js').Order} Order */

const COUNTRIES = ['DE', 'FR', 'AT', 'US', 'PL'];
const PLACE_EVERY_MS = 100;

/**
 * What a producer is asked about transactions of a process that died: the order in the store names the transaction that tells of it, so
 * any other is one whose order was never written.
 * @param {import('./order-book.js').OrderBook} book
 * @returns {import('pocketmq').TransactionChecker}
 */
export function checkerOf(book) {
  return async (message, { transactionId }) => {
    const order = await book.get(message.keys[0] ?? '');
    return order?.transactionId === transactionId ? 'commit' : 'rollback';
  };
}

/**
 * Places the orders that an earlier process has not placed.
 * @param {import('pocketmq').Broker} broker
 * @param {import('pocketmq').Producer} producer
 * @param {import('./order-book.js').OrderBook} book
 * @param {number} count
 */
export async function placeOrders(broker, producer, book, count) {
  for (let number = 1; number <= count; number += 1) {
    const id = `A-${String(number).padStart(3, '0')}`;
    const placed = (await book.get(id)) !== undefined;
    // Nothing is visible before the commit. Whoever dies before the order is written leaves a transaction that the checker rolls back,
    // whoever dies behind it one that the checker commits.
    const transaction = placed ? undefined : await writeOrder(broker, producer, id, number);
    if ((await broker.store.get(`deadline/${id}`)) === undefined) await setDeadline(broker, producer, id);
    await transaction?.commit();
    if (transaction !== undefined) await delay(PLACE_EVERY_MS);
  }
}

/**
 * @param {import('pocketmq').Broker} broker
 * @param {import('pocketmq').Producer} producer
 * @param {string} id
 * @param {number} number
 */
async function writeOrder(broker, producer, id, number) {
  const country = COUNTRIES[number % COUNTRIES.length] ?? 'DE';
  const cents = 1000 + number * 397;
  const transaction = producer.beginTransaction();
  await transaction.send({ topic: ORDERS, keys: [id], properties: { cents: String(cents), country }, json: { id, number } });
  /** @type {Order} */
  const order = { id, cents, country, state: 'placed', transactionId: transaction.transactionId };
  await broker.atomic((unit) => unit.put(`order/${id}`, JSON.stringify(order)));
  return transaction;
}

/**
 * The key keeps a second deadline out when the first was sent by a process that died before it wrote the handle down.
 * @param {import('pocketmq').Broker} broker
 * @param {import('pocketmq').Producer} producer
 * @param {string} id
 */
async function setDeadline(broker, producer, id) {
  const { recallHandle = '' } = await producer.send({ topic: DEADLINES, keys: [id], body: id, delayMs: PAY_WITHIN_MS, dedupKey: id });
  await broker.atomic((unit) => unit.put(`deadline/${id}`, recallHandle));
}
