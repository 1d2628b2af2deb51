import path from 'node:path';
import { messageGroupOf, packageOf } from './package-of.js';
import { FILES, WALK, WALKER } from './topology.js';
import { walk } from './walk.js';

/**
 * How far the walk has got: the content of a message of the topic `walk`.
 * @typedef {object} Mark
 * @property {string | undefined} after the path sent last
 * @property {number} files how many files have been sent
 * @property {boolean} done whether that was all
 * @property {boolean} [finished] whether the report was printed too, so that the next run starts afresh
 */

/**
 * The content of a message of the topic `files`.
 * @typedef {object} FileMessage
 * @property {string} path relative to the folder, with `/`
 * @property {string} package
 * @property {string} [location] where to read it, if not below the folder
 */

/** @type {Mark} */
const START = { after: undefined, files: 0, done: false };
const BATCH_FILES = 256;

/** Stands for a file that goes away between the moment it is listed and the moment it is read. */
export const PLANTED = '(planted)/gone-before-it-was-read.txt';

/**
 * Reads the newest mark.
 * @param {import('pocketmq').Broker} broker
 * @returns {Promise<Mark>}
 */
export async function readMark(broker) {
  const topic = await broker.admin.getTopic(WALK);
  const end = topic?.queues[0]?.maxOffset ?? 0;
  if (end === 0) return START;
  const consumer = await broker.createSimpleConsumer({ group: WALKER, subscriptions: { [WALK]: '*' } });
  try {
    await broker.admin.resetOffset(WALKER, { topic: WALK, queueId: 0, to: { offset: end - 1 } });
    const [newest] = await consumer.receive({ maxMessages: 1 });
    if (newest === undefined) throw new Error(`the newest message of the topic '${WALK}' was not delivered`);
    return /** @type {Mark} */ (newest.json());
  } finally {
    await consumer.close();
  }
}

/**
 * Sends one message a file. A batch is stored whole or not at all, and the mark is part of it: whenever the process dies, the newest mark
 * says exactly which files have been sent, and none is sent twice.
 * @param {import('pocketmq').Producer} producer
 * @param {object} options
 * @param {string} options.folder
 * @param {string} options.stateFolder left out of the walk
 * @param {Mark} options.from
 * @param {AbortSignal} options.signal ends the walk between two batches
 * @param {(mark: Mark) => void} options.onMark told after each batch
 * @param {(folder: string, error: unknown) => void} options.onUnlistable
 */
export async function sendFiles(producer, { folder, stateFolder, from, signal, onMark, onUnlistable }) {
  let mark = from;
  /** @type {FileMessage[]} */
  let batch = from.files === 0 ? [{ path: PLANTED, package: '(planted)', location: path.join(stateFolder, PLANTED) }] : [];
  for await (const file of walk(folder, { after: from.after, skip: stateFolder, onUnlistable })) {
    batch.push({ path: file, package: packageOf(file) });
    if (batch.length < BATCH_FILES) continue;
    await send(file, false);
    if (signal.aborted) return;
  }
  await send(batch.at(-1)?.path ?? mark.after, true);

  /**
   * @param {string | undefined} after
   * @param {boolean} done
   */
  async function send(after, done) {
    mark = { after, files: mark.files + batch.length, done };
    const messages = batch.map((file) => ({ topic: FILES, messageGroup: messageGroupOf(file.package), json: file }));
    await producer.sendBatch([...messages, { topic: WALK, json: mark }]);
    batch = [];
    onMark(mark);
  }
}
