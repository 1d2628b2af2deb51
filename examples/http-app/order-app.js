import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { Broker, isBrokerError } from 'pocketmq';

const TOPIC = 'orders';
export const GROUP = 'fulfilment';
const MAX_REQUEST_BYTES = 64 * 1024;
/** What fulfilling an order takes. */
const WORK_MS = 50;
/** How long requests under way, and then listeners, may take to end once the service stops. */
const REQUEST_DEADLINE_MS = 2000;
const LISTENER_DEADLINE_MS = 5000;

/**
 * An HTTP service with its queue inside: a request is answered with 202 as soon as its order is on disk, and fulfilled afterwards.
 */
export class OrderApp {
  #broker;
  #producer;
  #server;
  #stopping = false;

  /** @param {Broker} broker */
  constructor(broker) {
    this.#broker = broker;
    this.#producer = broker.createProducer({ onFull: 'reject' });
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => this.#respond(response, statusOf(error), { error: String(error.message) }));
    });
  }

  /**
   * @param {object} options
   * @param {string} options.folder where the queue and the list of fulfilled orders lie
   * @param {number} options.port 0 for any that is free
   */
  static async start({ folder, port }) {
    const broker = await Broker.open({ location: path.join(folder, 'queue') });
    const app = new OrderApp(broker);
    await broker.createPushConsumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      listener: async (message) => {
        const order = /** @type {{ item: string }} */ (message.json());
        await new Promise((resolve) => setTimeout(resolve, WORK_MS));
        await appendFile(path.join(folder, 'fulfilled.jsonl'), `${JSON.stringify({ id: message.messageId, ...order })}\n`);
      },
    });
    await new Promise((resolve) => app.#server.listen(port, '127.0.0.1', () => resolve(undefined)));
    return app;
  }

  get port() {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /**
   * Ends in the order in which work flows: no new connections, the requests under way are answered, listeners end, and the queue is closed.
   * What is not fulfilled by then stays in the queue for the next start.
   */
  async stop() {
    this.#stopping = true;
    const late = setTimeout(() => this.#server.closeAllConnections(), REQUEST_DEADLINE_MS);
    await new Promise((resolve) => this.#server.close(resolve));
    clearTimeout(late);
    await this.#broker.close({ deadlineMs: LISTENER_DEADLINE_MS });
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(request, response) {
    if (request.method !== 'POST' || request.url !== '/orders')
      return this.#respond(response, 404, { error: 'POST /orders is what there is' });
    const { messageId } = await this.#producer.send({ topic: TOPIC, json: parsed(await textOf(request)) });
    this.#respond(response, 202, { id: messageId });
  }

  /**
   * @param {import('node:http').ServerResponse} response
   * @param {number} status
   * @param {object} body
   */
  #respond(response, status, body) {
    if (response.headersSent) return;
    // A client that keeps its connection would otherwise keep a closing server open.
    if (this.#stopping) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  }
}

class BadRequest extends Error {}

/** @param {import('node:http').IncomingMessage} request */
async function textOf(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) throw new BadRequest(`more than ${MAX_REQUEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest('the body is not JSON');
  }
}

/**
 * A queue that is full for the moment, or closing, is the server's trouble and worth another try: 503. Anything else of the queue is 500.
 * @param {unknown} error
 */
function statusOf(error) {
  if (error instanceof BadRequest) return 400;
  return isBrokerError(error) && (error.retryable || error.code === 'MQ_BROKER_NOT_OPEN') ? 503 : 500;
}
