/**
 * @typedef {object} Order
 * @property {string} id
 * @property {number} cents
 * @property {string} country ISO 3166-1, two letters
 * @property {'placed' | 'paid' | 'cancelled'} state
 * @property {string} transactionId of the transaction that tells of it
 */

const decoder = new TextDecoder();

/** The orders, as the application store has them. */
export class OrderBook {
  #broker;
  /** The last step of each order; the next one begins when it has ended. @type {Map<string, Promise<unknown>>} */
  #steps = new Map();

  /** @param {import('pocketmq').Broker} broker */
  constructor(broker) {
    this.#broker = broker;
  }

  /**
   * @param {string} id
   * @returns {Promise<Order | undefined>}
   */
  async get(id) {
    const value = await this.#broker.store.get(`order/${id}`);
    return value && JSON.parse(decoder.decode(value));
  }

  /** @returns {Promise<Order[]>} */
  async all() {
    const orders = [];
    for await (const [, value] of this.#broker.store.entries({ prefix: 'order/' })) orders.push(JSON.parse(decoder.decode(value)));
    return orders;
  }

  /**
   * Reads an order, decides, and writes, with no other step of the same order between. What is decided is a unit: the message that asked
   * for it is settled in the same commit as its consequences, so a crash leaves both or neither.
   * @param {string} id
   * @param {import('pocketmq').MessageView} message
   * @param {(unit: import('pocketmq').AtomicUnit, order: Order | undefined) => void} decide
   */
  async step(id, message, decide) {
    const before = this.#steps.get(id);
    const step = (async () => {
      await before?.catch(() => {});
      const order = await this.get(id);
      await this.#broker.atomic((unit) => {
        unit.ack(message);
        decide(unit, order);
      });
    })();
    this.#steps.set(id, step);
    try {
      await step;
    } finally {
      if (this.#steps.get(id) === step) this.#steps.delete(id);
    }
  }
}
