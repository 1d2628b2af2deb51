// `npm run bench`: what the engine costs, as ratios to raw LevelDB in the same run. See README.md beside this file.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CELLS } from './cells.js';
import { runChild } from './child.js';
import { probeDisk } from './disk-probe.js';
import { machine, probeLine, rowsOf, tableOf } from './report.js';
import { runRound } from './rounds.js';

const USAGE = `npm run bench -- [options]
  --cells a,b       only these cells (--list tells their names)
  --full            the long cells too: 2 GB appended, backlogs, reopening, 100,000 topics
  --quick           a fifth of the work
  --scale 0.5       so much of the work
  --rounds 5        rounds of each cell; default 3, which is the least that a verdict needs
  --directory path  where the stores lie while they are measured; default the folder for temporary files
  --profile path    writes CPU profiles of the engine's processes there
  --json            the results as JSON instead of a table`;

const { values: flags } = parseArgs({
  options: {
    cells: { type: 'string' },
    child: { type: 'string' },
    directory: { type: 'string' },
    full: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    profile: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string' },
  },
});

/** @param {string} text */
function note(text) {
  // Progress is no result: it must not be in what a program reads.
  process.stderr.write(`${text}\n`);
}

function chosenCells() {
  if (flags.cells === undefined) return CELLS.filter((cell) => flags.full || !cell.long);
  const names = flags.cells.split(',');
  const unknown = names.find((name) => !CELLS.some((cell) => cell.name === name));
  if (unknown !== undefined) throw new Error(`there is no cell ${JSON.stringify(unknown)}; --list tells the names`);
  return CELLS.filter((cell) => names.includes(cell.name));
}

/**
 * A positive number from the command line.
 * @param {string} name
 * @param {string} text
 */
function positive(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number, not ${JSON.stringify(text)}`);
  return value;
}

/** @param {string} base */
async function probe(base) {
  const { perSecond: small } = await probeDisk({ directory: base, bytes: 4 * 1024, durationMs: 500 });
  const { perSecond: large } = await probeDisk({ directory: base, bytes: 64 * 1024, durationMs: 500 });
  return { small, large };
}

/**
 * @param {import('./cells.js').Cell} cell
 * @param {{ base: string; rounds: number; scaled: (count: number) => number }} options
 */
async function measure(cell, { base, rounds, scaled }) {
  const runs = cell.runs(scaled);
  const profiles = flags.profile === undefined ? undefined : path.resolve(flags.profile, cell.name);
  const execArgvOf = (/** @type {string} */ side) =>
    profiles === undefined || side.startsWith('raw') ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAtMs = performance.now();
    results.push(await runRound({ runs, round, base, execArgvOf }));
    note(`${cell.name}: round ${round + 1} of ${rounds}, ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  }
  return results;
}

async function main() {
  if (flags.help) return console.log(USAGE);
  if (flags.list) return console.log(CELLS.map(({ name, long }) => `${name}${long ? ' (long)' : ''}`).join('\n'));
  const cells = chosenCells();
  const rounds = positive('rounds', flags.rounds);
  const scale = flags.scale === undefined ? (flags.quick ? 0.2 : 1) : positive('scale', flags.scale);
  const scaled = (/** @type {number} */ count) => Math.max(1000, Math.round((count * scale) / 1000) * 1000);
  const parent = flags.directory ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const base = await mkdtemp(path.join(parent, 'pocketmq-bench-'));
  const probes = [];
  const rows = [];
  const measured = [];
  const failures = [];
  try {
    for (const cell of cells) {
      probes.push(await probe(base));
      try {
        const results = await measure(cell, { base, rounds, scaled });
        rows.push(...rowsOf(cell, results));
        measured.push({ cell: cell.name, rounds: results });
      } catch (error) {
        failures.push({ cell: cell.name, error: String(error) });
      }
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  report({ rows, measured, probes, failures, rounds, scale });
}

/** @param {{ rows: import('./report.js').Row[]; measured: object[]; probes: { small: number; large: number }[]; failures: { cell: string; error: string }[]; rounds: number; scale: number }} outcome */
function report({ rows, measured, probes, failures, rounds, scale }) {
  if (flags.json) {
    console.log(JSON.stringify({ machine: machine(), rounds, scale, probes, rows, measured, failures }, undefined, 2));
  } else {
    if (rows.length > 0) console.log(tableOf(rows));
    console.log(
      `${machine()}\n${probeLine(probes)}\n${rounds} rounds, interleaved; ${scale === 1 ? 'the whole work' : `${scale} of the work`}`,
    );
    for (const { cell, error } of failures) console.log(`FAILED ${cell}: ${error}`);
    const judged = rows.filter((row) => row.met !== undefined);
    console.log(`bench: ${judged.filter((row) => row.met).length} of ${judged.length} aims met, ${failures.length} cells failed`);
  }
  if (failures.length > 0) process.exitCode = 1;
}

if (flags.child === undefined) await main();
else await runChild(flags.child);
