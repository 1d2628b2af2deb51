import { sum, wastedBytes } from './duplicate-report.js';
import { PLANTED } from './walk-sender.js';

/** @typedef {import('./run.js').Outcome} Outcome */
/** @typedef {import('./direct-walk.js').Check} Check */

const LISTED_SETS = 5;
const LISTED_FILES = 10;

/**
 * @param {string} folder
 * @param {Outcome} outcome
 * @param {Check} check
 */
export function printReport(folder, outcome, check) {
  const { report, unreadable, mark } = outcome;
  const sets = report.duplicates();
  const copies = sum(sets, ({ paths }) => paths.length - 1);
  const seconds = outcome.tookMs / 1000;
  const settledNow = mark.files - outcome.settledBefore;
  console.log(`
Index of ${folder}

  files       ${count(report.files.size)} indexed in ${count(report.packages)} packages, ${bytes(report.bytes)}
  duplicates  ${count(copies)} files repeat what others hold, in ${count(sets.length)} sets; ${bytes(sum(sets, wastedBytes))} could be saved
  unreadable  ${count(unreadable.length)} in the dead-letter queue
  rate        ${count(Math.round(settledNow / seconds))} files/s, ${bytes(outcome.readBytes / seconds)}/s: ${count(settledNow)} files in ${seconds.toFixed(1)} s
  repeated    ${repetitions(outcome)}`);
  if (outcome.settledBefore > 0) console.log(`  continued   ${continuation(outcome)}`);
  printDuplicates(sets);
  printUnreadable(unreadable);
  printCheck(check);
}

/** @param {Outcome} outcome */
function repetitions({ report, unreadable }) {
  const twice = report.repeatedDigests === 0 ? '' : ` (${count(report.repeatedDigests)} digests came again and count once)`;
  return `${count(report.repeatedDeliveries)} deliveries of indexed files${twice}, ${count(sum(unreadable, ({ attempts }) => attempts - 1))} of unreadable ones`;
}

/** @param {Outcome} outcome */
function continuation({ settledBefore, redriven }) {
  const again = redriven === 0 ? '' : `; dead letters that were given their attempts again: ${count(redriven)}`;
  return `${count(settledBefore)} files were settled before this run${again}`;
}

/** @param {import('./duplicate-report.js').DuplicateSet[]} sets */
function printDuplicates(sets) {
  if (sets.length === 0) return;
  console.log('\nDuplicates that waste most');
  for (const set of sets.slice(0, LISTED_SETS)) {
    const [first, second] = set.paths;
    const others = set.paths.length > 2 ? ` and ${count(set.paths.length - 2)} more` : '';
    console.log(`  ${bytes(wastedBytes(set)).padStart(10)}  ${first} = ${second}${others}`);
  }
  if (sets.length > LISTED_SETS) console.log(`  ${' '.repeat(10)}  and ${count(sets.length - LISTED_SETS)} sets more`);
}

/** @param {import('./run.js').UnreadableFile[]} files */
function printUnreadable(files) {
  console.log('\nUnreadable files (dead letters)');
  for (const { path, attempts, tookMs, reason } of files.slice(0, LISTED_FILES)) {
    const planted = path === PLANTED ? '; planted by this example' : '';
    const time = tookMs === undefined ? '' : ` in ${(tookMs / 1000).toFixed(1)} s`;
    console.log(`  ${path}\n      ${attempts} attempts${time}: ${reason}${planted}`);
  }
  if (files.length > LISTED_FILES) console.log(`  and ${count(files.length - LISTED_FILES)} more`);
}

/** @param {Check} check */
function printCheck({ found, missing, gone, changed }) {
  console.log(`
Direct walk: ${count(found)} files; ${missing.length} missing from the index, ${gone.length} gone since, ${changed.length} changed since`);
  for (const file of missing.slice(0, LISTED_FILES)) console.log(`  missing: ${file}`);
  if (missing.length > LISTED_FILES) console.log(`  and ${count(missing.length - LISTED_FILES)} more`);
}

/**
 * The last line: `OK` when every file of the folder is in the index or in the dead letters, and none was sent twice.
 * @param {Outcome} outcome
 * @param {Check} check
 * @returns {{ ok: boolean, text: string }}
 */
export function verdictOf({ report, unreadable, messages }, { found, missing }) {
  const accounted = report.files.size + unreadable.length;
  const problems = [];
  if (missing.length > 0) problems.push(`${count(missing.length)} of ${count(found)} files are missing from the index`);
  if (messages !== accounted) problems.push(`${count(messages)} files were sent, ${count(accounted)} are accounted for`);
  if (!unreadable.some(({ path }) => path === PLANTED)) problems.push('the planted file is not in the dead-letter queue');
  if (problems.length > 0) return { ok: false, text: `FAILED: ${problems.join('; ')}` };
  return {
    ok: true,
    text: `OK: ${count(found)} files found, none missing, none sent twice; ${count(report.files.size)} indexed, ${count(unreadable.length)} unreadable`,
  };
}

/** @param {number} value */
function count(value) {
  return value.toLocaleString('en');
}

/** @param {number} value */
function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let amount = value;
  for (; amount >= 1024 && unit < units.length - 1; unit += 1) amount /= 1024;
  return `${unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`;
}
