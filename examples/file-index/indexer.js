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
  /** The first failure of each file that could not be read, by message id. @type {Map<string, { attempt: number, atMs: number }>} */
  firstFailures = new Map();
  /** Read in this process. */
  bytes = 0;
  /** Why digests cannot be published, such as a full disk. @type {unknown} */
  trouble;
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
    const { sha256, bytes } = await this.#hash(file, message, signal);
    /** @type {Digest} */
    const digest = { path: file.path, package: file.package, sha256, bytes, attempt: message.deliveryAttempt };
    try {
      await this.#producer.send({ topic: DIGESTS, json: digest });
    } catch (error) {
      // No fault of the file: nothing can be indexed until this is put right.
      this.trouble ??= error;
      throw error;
    }
  }

  /**
   * @param {FileMessage} file
   * @param {import('pocketmq').MessageView} message
   * @param {AbortSignal} signal
   */
  async #hash(file, { messageId, deliveryAttempt: attempt }, signal) {
    try {
      const hashed = await hashOf(file.location ?? path.join(this.#folder, file.path), signal);
      this.bytes += hashed.bytes;
      return hashed;
    } catch (error) {
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
