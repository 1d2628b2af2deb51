/** A flow as an application has it: paid orders become invoices. It knows nothing of tests. */

export const ORDERS = 'orders';
export const INVOICES = 'invoices';
export const BILLING = 'billing';

/**
 * @typedef {object} Order
 * @property {string} id
 * @property {string} customer
 * @property {number} cents
 */

/**
 * Orders of one customer are billed in their sequence. A payment that fails is tried again after one and after ten minutes; then somebody has
 * to look at it.
 * @param {Pick<import('pocketmq').Broker, 'admin' | 'createProducer' | 'createPushConsumer'>} broker
 * @param {(order: Order) => Promise<void>} charge throws when the payment fails; may be called again for an order that it has charged
 */
export async function startBilling(broker, charge) {
  await broker.admin.createGroup(BILLING, { maxAttempts: 3, retryPolicy: { kind: 'customized', delaysMs: [60_000, 600_000] } });
  const producer = broker.createProducer();
  await broker.createPushConsumer({
    group: BILLING,
    subscriptions: { [ORDERS]: '*' },
    listener: async (message) => {
      const order = /** @type {Order} */ (message.json());
      await charge(order);
      await producer.send({ topic: INVOICES, keys: [order.id], json: { order: order.id, cents: order.cents } });
    },
  });
}

/**
 * @param {import('pocketmq').Producer} producer
 * @param {Order} order
 */
export function placeOrder(producer, order) {
  return producer.send({ topic: ORDERS, messageGroup: order.customer, keys: [order.id], json: order });
}
