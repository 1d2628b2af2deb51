import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Broker, isBrokerError } from 'pocketmq';
import { createTopology } from './topology.js';
import { readMark } from './walk-sender.js';

/** @typedef {import('./walk-sender.js').Mark} Mark */

/**
 * Where the state of a target lies: a folder for each, named after it, with a hash of its path for those of the same name.
 * @param {string} stateFolder
 * @param {string} folder absolute
 */
export function locationOf(stateFolder, folder) {
  const name = path.basename(folder).replaceAll(/[^\w.-]/g, '_') || 'root';
  return path.join(stateFolder, `${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`);
}

/**
 * Opens the state of a target: that of a run that was interrupted, or a new one when there is none, when the last run came to its end, or
 * when a reset is asked for.
 * @param {string} location
 * @param {object} options
 * @param {boolean} options.reset
 * @param {import('pocketmq').Logger} options.logger
 * @returns {Promise<{ broker: Broker, mark: Mark }>}
 */
export async function openState(location, { reset, logger }) {
  if (reset) await forget(location);
  const opened = await open(location, logger);
  if (!opened.mark.finished) return opened;
  await opened.broker.close();
  remove(location);
  return open(location, logger);
}

/**
 * @param {string} location
 * @param {import('pocketmq').Logger} logger
 */
async function open(location, logger) {
  const broker = await Broker.open({ location, logger });
  await createTopology(broker.admin);
  return { broker, mark: await readMark(broker) };
}

/**
 * Deletes a state. It is opened first, because a folder that another process works with must not go; one that cannot be opened for any other
 * reason is what a reset is for.
 * @param {string} location
 */
async function forget(location) {
  if (!existsSync(location)) return;
  try {
    const broker = await Broker.open({ location, logger: false });
    await broker.close();
  } catch (error) {
    if (isBrokerError(error) && error.code === 'MQ_STORE_LOCKED') throw error;
  }
  remove(location);
}

/**
 * Renamed first: a removal that is interrupted must not leave half a store where the next run looks for a whole one.
 * @param {string} location
 */
function remove(location) {
  const aside = `${location}.removed`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(location, aside);
  rmSync(aside, { recursive: true, force: true });
}
