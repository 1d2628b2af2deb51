// Indexes every file of a folder: hashes it, finds duplicates, and survives being killed. `npm start [folder]`.

import { isBrokerError } from 'pocketmq';
import { readArguments, USAGE, UsageError } from './arguments.js';
import { checkAgainst } from './direct-walk.js';
import { Display } from './display.js';
import { printReport, verdictOf } from './print-report.js';
import { Run } from './run.js';
import { locationOf, openState } from './state.js';
import { WALK } from './topology.js';

const EXIT = { failed: 1, wrongUse: 2, interrupted: 130 };
const INTERRUPTED = { exitCode: EXIT.interrupted, text: 'Interrupted: the same command goes on where this one stopped' };
/** How long hashing may go on after Ctrl-C. */
const CLOSE_DEADLINE_MS = 3000;

try {
  const settings = readArguments(process.argv.slice(2));
  if (settings === undefined) console.log(USAGE);
  else process.exitCode = await index(settings);
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else if (isBrokerError(error)) console.error(`${error.code}: ${error.message}`);
  else throw error;
  process.exitCode = error instanceof UsageError ? EXIT.wrongUse : EXIT.failed;
}

/**
 * @param {import('./arguments.js').Settings} settings
 * @returns {Promise<number>} exit code
 */
async function index({ folder, stateFolder, reset }) {
  const display = new Display();
  const signal = interruption();
  const { broker, mark } = await openState(locationOf(stateFolder, folder), { reset, logger: loggerOn(display) });
  let verdict;
  try {
    const before = mark.files.toLocaleString('en');
    console.log(mark.files === 0 ? `Indexing ${folder}` : `Continuing with ${folder}: ${before} files were sent before`);
    const outcome = await new Run(broker, { folder, mark, display, signal }).toItsEnd({ folder, stateFolder });
    display.stop();
    verdict = outcome === undefined ? INTERRUPTED : await conclude(broker, outcome, { folder, stateFolder });
  } finally {
    display.stop();
    await broker.close({ deadlineMs: CLOSE_DEADLINE_MS });
  }
  console.log(`\n${verdict.text}`);
  return verdict.exitCode;
}

/**
 * Checks, reports, and notes that this target is finished.
 * @param {import('pocketmq').Broker} broker
 * @param {import('./run.js').Outcome} outcome
 * @param {{ folder: string, stateFolder: string }} folders
 */
async function conclude(broker, outcome, { folder, stateFolder }) {
  const unreadable = new Set(outcome.unreadable.map(({ path }) => path));
  const check = checkAgainst(folder, { files: outcome.report.files, unreadable, skip: stateFolder });
  printReport(folder, outcome, check);
  await broker.createProducer().send({ topic: WALK, json: { ...outcome.mark, finished: true } });
  const { ok, text } = verdictOf(outcome, check);
  return { exitCode: ok ? 0 : EXIT.failed, text };
}

/** Aborts at the first Ctrl-C; the second ends the process at once, which is safe as well. */
function interruption() {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => controller.abort());
  }
  return controller.signal;
}

/**
 * Warnings, such as that of a listener that failed, appear above the progress bar.
 * @param {Display} display
 * @returns {import('pocketmq').Logger}
 */
function loggerOn(display) {
  /** @param {{ group?: string, err?: Error }} fields @param {string} message */
  const note = ({ group, err }, message) => display.note(`! ${[group, message, err?.message].filter(Boolean).join(': ')}`);
  return { debug() {}, info() {}, warn: note, error: note };
}
