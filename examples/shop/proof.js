import { DEADLINES, isAudited } from './topology.js';

/** @typedef {import('./order-book.js').Order} Order */

/**
 * Whether nothing is left to be done: every order is decided, and every message is consumed, also those that wait.
 * @param {import('pocketmq').Broker} broker
 * @param {Order[]} orders
 * @param {number} count
 */
export async function isSettled(broker, orders, count) {
  if (orders.length < count || orders.some(({ state }) => state === 'placed')) return false;
  if ((await broker.admin.listTransactions()).items.length > 0) return false;
  if ((await broker.admin.listDelayed(DEADLINES)).items.length > 0) return false;
  for (const group of ['payments', 'deadlines', 'invoicing', 'audit']) {
    for (const { lag } of await broker.admin.getGroupProgress(group)) if (lag > 0) return false;
  }
  return true;
}

/**
 * Checks what the shop promises.
 * @param {import('pocketmq').Broker} broker
 * @param {Order[]} orders
 * @returns {Promise<{ faults: string[], paid: number, cancelled: number, audited: number }>}
 */
export async function prove(broker, orders) {
  const invoices = await countBySecondPart(broker, 'invoice/');
  const audits = await countBySecondPart(broker, 'audit/');
  const faults = [];
  for (const order of orders) {
    const written = invoices.get(order.id) ?? 0;
    const due = order.state === 'paid' ? 1 : 0;
    if (written !== due) faults.push(`${order.id} is ${order.state} and has ${written} invoices`);
    if (audits.has(order.id) !== isAudited(order)) faults.push(`${order.id} was ${audits.has(order.id) ? '' : 'not '}audited`);
  }
  const paid = orders.filter(({ state }) => state === 'paid').length;
  return { faults, paid, cancelled: orders.length - paid, audited: audits.size };
}

/**
 * @param {import('pocketmq').Broker} broker
 * @param {string} prefix
 */
async function countBySecondPart(broker, prefix) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for await (const [key] of broker.store.entries({ prefix })) {
    const id = key.split('/')[1] ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
