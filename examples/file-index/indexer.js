import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { DIGESTS, FILES, INDEXER } from './topology.js';

/** @typedef {import('./walk-sender.js').FileMessage} FileMessage */

/**
 * The content of a message of the topic `digests`.
 * @typedef {object} Digest
 * @property {string} path
 * @property {string} package
 * @property {string} sha256 hexadecimal
 * @property {number} bytes how much was read
 * @property {number} attempt which delivery of the file's message this was
 */

const CONCURRENCY = 20;

/** Hashes files and publishes their digests; knows which files failed in this process. */
export class Indexer {
  /** The first failure of each message that failed, by message id. @type {Map<string, { attempt: number, atMs: number }>} */
  firstFailures = new Map();
  /** Read in this process. */
  bytes = 0;
  #folder;
  #producer;

  /**
   * @param {string} folder
   * @param {import('pocketmq').Producer} producer
   */
  constructor(folder, producer) {
    this.#folder = folder;
    this.#producer = producer;
  }

  /** @param {import('pocketmq').Broker} broker */
  start(broker) {
    return broker.createPushConsumer({
      group: INDEXER,
      subscriptions: { [FILES]: '*' },
      concurrency: CONCURRENCY,
      listener: (message, { signal }) => this.#index(message, signal),
    });
  }

  /**
   * The digest is durable before the message counts as consumed. A process that dies between the two hashes the file again and publishes a
   * second digest, which the report recognizes by its path.
   * @param {import('pocketmq').MessageView} message
   * @param {AbortSignal} signal
   */
  async #index(message, signal) {
    const file = /** @type {FileMessage} */ (message.json());
    try {
      const { sha256, bytes } = await hashOf(file.location ?? path.join(this.#folder, file.path), signal);
      this.bytes += bytes;
      /** @type {Digest} */
      const digest = { path: file.path, package: file.package, sha256, bytes, attempt: message.deliveryAttempt };
      await this.#producer.send({ topic: DIGESTS, json: digest });
    } catch (error) {
      const { messageId, deliveryAttempt: attempt } = message;
      if (!this.firstFailures.has(messageId)) this.firstFailures.set(messageId, { attempt, atMs: Date.now() });
      throw error;
    }
  }
}

/**
 * @param {string} location
 * @param {AbortSignal} signal
 */
async function hashOf(location, signal) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(location, { signal })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
