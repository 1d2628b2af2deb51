import { setTimeout as delay } from 'node:timers/promises';
import { DuplicateReport, sum } from './duplicate-report.js';
import { Indexer } from './indexer.js';
import { FILES, INDEXER, REPORT } from './topology.js';
import { sendFiles } from './walk-sender.js';

/** @typedef {import('pocketmq').Broker} Broker */
/** @typedef {import('./walk-sender.js').Mark} Mark */
/** @typedef {import('./walk-sender.js').FileMessage} FileMessage */

/**
 * A file that could not be read.
 * @typedef {object} UnreadableFile
 * @property {string} path
 * @property {number} attempts
 * @property {number | undefined} tookMs from the first attempt to the dead letter, if this process saw all of them
 * @property {string} reason
 */

/**
 * What a run that came to its end has found.
 * @typedef {object} Outcome
 * @property {Mark} mark
 * @property {DuplicateReport} report
 * @property {UnreadableFile[]} unreadable
 * @property {number} messages messages in the topic `files`
 * @property {number} settledBefore files that earlier runs had settled
 * @property {number} readBytes hashed in this run
 * @property {number} redriven files that were given their attempts again
 * @property {number} tookMs
 */

const REFRESH_MS = 100;

/** One run over a folder: walk, hash, report, until everything is settled or the signal is aborted. */
export class Run {
  #broker;
  #display;
  #signal;
  #mark;
  #report = new DuplicateReport();
  #indexer;
  #producer;
  #redriven = 0;

  /**
   * @param {Broker} broker
   * @param {object} options
   * @param {string} options.folder
   * @param {Mark} options.mark how far earlier runs have walked
   * @param {import('./display.js').Display} options.display
   * @param {AbortSignal} options.signal
   */
  constructor(broker, { folder, mark, display, signal }) {
    this.#broker = broker;
    this.#display = display;
    this.#signal = signal;
    this.#mark = mark;
    this.#producer = broker.createProducer();
    this.#indexer = new Indexer(folder, this.#producer);
  }

  /**
   * @param {{ folder: string, stateFolder: string }} folders
   * @returns {Promise<Outcome | undefined>} nothing when it was interrupted
   */
  async toItsEnd(folders) {
    const startedAtMs = performance.now();
    const settledBefore = this.#mark.files - (await this.#lag(INDEXER));
    await this.#report.start(this.#broker);
    await this.#indexer.start(this.#broker);
    const [settled] = await Promise.all([this.#everythingSettled(), this.#walk(folders)]);
    if (!settled) return undefined;
    const tookMs = performance.now() - startedAtMs;
    return {
      mark: this.#mark,
      report: this.#report,
      unreadable: await this.#unreadable(),
      messages: await this.#messages(),
      settledBefore,
      readBytes: this.#indexer.bytes,
      redriven: this.#redriven,
      tookMs,
    };
  }

  /** @param {{ folder: string, stateFolder: string }} folders */
  async #walk({ folder, stateFolder }) {
    if (this.#mark.done) return;
    await sendFiles(this.#producer, {
      folder,
      stateFolder,
      from: this.#mark,
      signal: this.#signal,
      onMark: (mark) => {
        this.#mark = mark;
      },
      onUnlistable: (name, error) => this.#display.note(`! cannot list ${JSON.stringify(name)}: ${error}`),
    });
  }

  /**
   * @returns {Promise<boolean>} false when it was interrupted
   * @throws what stands against publishing digests
   */
  async #everythingSettled() {
    while (!this.#signal.aborted) {
      if (this.#indexer.trouble !== undefined) throw this.#indexer.trouble;
      // In this order, upstream first: what was sent before the lag was asked for is in the lag, and a digest is published before its file
      // counts as settled. So when the walk was done and then neither group had anything left, that is all.
      const { files: sent, done } = this.#mark;
      const lag = await this.#lag(INDEXER);
      const unread = await this.#lag(REPORT);
      this.#display.update({ sent, walking: !done, settled: Math.max(0, sent - lag), lag });
      if (done && lag === 0 && unread === 0 && !(await this.#redriveWhatOnlyDied())) return true;
      await delay(REFRESH_MS, undefined, { signal: this.#signal }).catch(() => {});
    }
    return false;
  }

  /**
   * A file that was being hashed each time a process was killed has used its attempts up without ever failing, and one that could not be
   * read yesterday may be readable today. So dead letters that no failure in this process explains get their attempts again.
   * @returns {Promise<boolean>} whether there were any
   */
  async #redriveWhatOnlyDied() {
    /** @type {string[]} */
    const messageIds = [];
    for await (const { messageId } of this.#deadLetters()) if (!this.#indexer.firstFailures.has(messageId)) messageIds.push(messageId);
    if (messageIds.length === 0) return false;
    const { redriven } = await this.#broker.admin.redriveDeadLetters(INDEXER, { messageIds });
    this.#redriven += redriven;
    return true;
  }

  async #unreadable() {
    /** @type {UnreadableFile[]} */
    const files = [];
    for await (const letter of this.#deadLetters()) {
      const { path } = /** @type {FileMessage} */ (letter.message.json());
      const first = this.#indexer.firstFailures.get(letter.messageId);
      const tookMs = first?.attempt === 1 ? letter.deadLetteredAtMs - first.atMs : undefined;
      files.push({ path, attempts: letter.attempts, tookMs, reason: letter.reason });
    }
    return files;
  }

  async *#deadLetters() {
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await this.#broker.admin.listDeadLetters(INDEXER, { limit: 1000, cursor });
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }

  async #messages() {
    const topic = await this.#broker.admin.getTopic(FILES);
    return sum(topic?.queues ?? [], (queue) => queue.maxOffset);
  }

  /** @param {string} group */
  async #lag(group) {
    return sum(await this.#broker.admin.getGroupProgress(group), (queue) => queue.lag);
  }
}
