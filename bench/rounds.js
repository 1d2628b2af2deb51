import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';

const CHILD_TIMEOUT_MS = 600_000;
const main = path.join(import.meta.dirname, 'main.js');

/**
 * Runs one step in a process of its own, so that neither heap nor compiled code of one measurement helps or hinders another.
 * @param {import('./cells.js').Step} step
 * @param {{ directory: string; execArgv: readonly string[] }} place
 * @returns {Promise<import('./cells.js').Result>}
 */
function runStep({ measurement, options, dies = false }, { directory, execArgv }) {
  return new Promise((resolve, reject) => {
    const order = JSON.stringify({ measurement, options: { ...options, directory } });
    const child = fork(main, ['--child', order], {
      execArgv: ['--expose-gc', ...execArgv],
      timeout: CHILD_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const startedAtMs = performance.now();
    /** @type {import('./cells.js').Result | undefined} */
    let result;
    child.on('message', (message) => {
      result = /** @type {import('./cells.js').Result} */ (message);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const timedOut = performance.now() - startedAtMs >= CHILD_TIMEOUT_MS;
      if (dies && signal === 'SIGKILL' && !timedOut) resolve({});
      else if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`${measurement} ended with ${signal ?? `exit code ${code}`}${timedOut ? ' after ten minutes' : ''}`));
    });
  });
}

/**
 * Runs every side of a cell once; the order of the sides turns from round to round, so that a drifting machine favours none.
 * @param {{ runs: import('./cells.js').Runs; round: number; base: string; execArgvOf: (side: string) => readonly string[] }} options
 * @returns {Promise<import('./cells.js').Results>}
 */
export async function runRound({ runs, round, base, execArgvOf }) {
  /** @type {import('./cells.js').Results} */
  const results = {};
  const sides = Object.keys(runs);
  if (round % 2 === 1) sides.reverse();
  for (const side of sides) {
    const directory = await mkdtemp(path.join(base, 'cell-'));
    try {
      /** @type {import('./cells.js').Result} */
      let result = {};
      for (const step of runs[side]) {
        result = { ...result, ...(await runStep(step, { directory, execArgv: execArgvOf(side) })) };
      }
      results[side] = result;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  return results;
}
