import { DIGESTS, REPORT } from './topology.js';

/** @typedef {import('./indexer.js').Digest} Digest */

/**
 * Files with the same content.
 * @typedef {object} DuplicateSet
 * @property {number} bytes size of each
 * @property {string[]} paths
 */

/**
 * The report is a fold over the topic `digests`. It keeps nothing on disk: each run moves its group back to the first digest and reads all
 * of them again. A digest that was published twice counts once.
 */
export class DuplicateReport {
  /** The digest of each file, by path. @type {Map<string, Digest>} */
  files = new Map();
  /** Digests that told of a file a second time. */
  repeatedDigests = 0;

  /** @param {import('pocketmq').Broker} broker */
  async start(broker) {
    const progress = await broker.admin.getGroupProgress(REPORT);
    if (progress.length > 0) await broker.admin.resetOffset(REPORT, { topic: DIGESTS, to: 'earliest' });
    return broker.createPushConsumer({
      group: REPORT,
      subscriptions: { [DIGESTS]: '*' },
      listener: (message) => this.add(/** @type {Digest} */ (message.json())),
    });
  }

  /** @param {Digest} digest */
  add(digest) {
    const before = this.files.get(digest.path);
    if (before !== undefined) this.repeatedDigests += 1;
    if (before === undefined || digest.attempt >= before.attempt) this.files.set(digest.path, digest);
  }

  get bytes() {
    return sum(this.files.values(), (digest) => digest.bytes);
  }

  get packages() {
    return new Set(Array.from(this.files.values(), (digest) => digest.package)).size;
  }

  /** Deliveries of files that were indexed in the end, beyond the first of each. */
  get repeatedDeliveries() {
    return sum(this.files.values(), (digest) => digest.attempt - 1);
  }

  /**
   * Sets of at least two files, the one that wastes most first.
   * @returns {DuplicateSet[]}
   */
  duplicates() {
    /** @type {Map<string, DuplicateSet>} */
    const sets = new Map();
    for (const { path, sha256, bytes } of this.files.values()) {
      const set = sets.get(sha256);
      if (set === undefined) sets.set(sha256, { bytes, paths: [path] });
      else set.paths.push(path);
    }
    return [...sets.values()].filter(({ paths }) => paths.length > 1).sort((left, right) => wastedBytes(right) - wastedBytes(left));
  }
}

/** @param {DuplicateSet} set */
export function wastedBytes({ bytes, paths }) {
  return bytes * (paths.length - 1);
}

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => number} amountOf
 */
export function sum(items, amountOf) {
  let total = 0;
  for (const item of items) total += amountOf(item);
  return total;
}
