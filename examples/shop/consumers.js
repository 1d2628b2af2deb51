import { setTimeout as delay } from 'node:timers/promises';
import { isBrokerError } from 'pocketmq';
import { AUDITED, DEADLINES, INVOICES, ORDERS, PAY_WITHIN_MS } from './topology.js';

/** @typedef {import('pocketmq').MessageView} MessageView */

/** @param {MessageView} message */
const idOf = (message) => message.keys[0] ?? '';

/**
 * Starts the four consumers of the shop.
 * @param {import('pocketmq').Broker} broker
 * @param {import('pocketmq').Producer} producer
 * @param {import('./order-book.js').OrderBook} book
 */
export async function startConsumers(broker, producer, book) {
  /** One customer of three pays at once, one just about at the deadline, and one never. @param {MessageView} message */
  const pay = async (message) => {
    const { id, number } = /** @type {{ id: string, number: number }} */ (message.json());
    if (number % 3 === 0) return;
    if (number % 3 === 1) await delay(PAY_WITHIN_MS);
    let paid = false;
    await book.step(id, message, (unit, order) => {
      paid = order?.state === 'placed';
      if (!paid) return;
      unit.put(`order/${id}`, JSON.stringify({ ...order, state: 'paid' }));
      unit.send({ topic: INVOICES, keys: [id], body: id });
    });
    if (paid) await recallDeadline(id);
  };

  /** A courtesy: a deadline that comes all the same finds an order that is paid. @param {string} id */
  const recallDeadline = async (id) => {
    const handle = await broker.store.get(`deadline/${id}`);
    if (handle === undefined || handle.length === 0) return;
    await producer.recall(DEADLINES, new TextDecoder().decode(handle)).catch((error) => {
      if (!isBrokerError(error) || error.code !== 'MQ_RECALL_TOO_LATE') throw error;
    });
  };

  /** @param {MessageView} message */
  const cancel = async (message) => {
    const id = idOf(message);
    await book.step(id, message, (unit, order) => {
      if (order?.state === 'placed') unit.put(`order/${id}`, JSON.stringify({ ...order, state: 'cancelled' }));
    });
  };

  /** @param {string} key @returns {(message: MessageView) => Promise<void>} */
  const note = (key) => async (message) => {
    const name = key === 'invoice' ? `invoice/${idOf(message)}/${message.messageId}` : `${key}/${idOf(message)}`;
    await broker.atomic((unit) => {
      unit.ack(message);
      unit.put(name, '');
    });
  };

  return Promise.all([
    broker.createPushConsumer({ group: 'payments', subscriptions: { [ORDERS]: '*' }, listener: pay }),
    broker.createPushConsumer({ group: 'deadlines', subscriptions: { [DEADLINES]: '*' }, listener: cancel }),
    broker.createPushConsumer({ group: 'invoicing', subscriptions: { [INVOICES]: '*' }, listener: note('invoice') }),
    broker.createPushConsumer({ group: 'audit', subscriptions: { [ORDERS]: { sql: AUDITED } }, listener: note('audit') }),
  ]);
}
