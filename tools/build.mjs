// Writes `dist` with plain tsc. The compiler writes into a neighbouring folder that then takes the place of `dist`, so nothing stale
// survives and a program that runs from `dist` meanwhile never sees half of it.
//
//   node tools/build.mjs [--if-needed] [--quiet] [--no-check]

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

/** Newest change below a file or folder, in milliseconds since the epoch. */
function newestChangeMs(target) {
  const stats = statSync(target);
  if (!stats.isDirectory()) return stats.mtimeMs;
  // A folder's own time tells of files that were deleted or renamed.
  return readdirSync(target).reduce((newest, name) => Math.max(newest, newestChangeMs(path.join(target, name))), stats.mtimeMs);
}

/** Tells whether `dist` is missing or older than what it is made from. */
export function buildIsNeeded() {
  const result = path.join(dist, 'index.js');
  if (!existsSync(result)) return true;
  const builtAtMs = statSync(result).mtimeMs;
  return sources.some((source) => newestChangeMs(path.join(root, source)) > builtAtMs);
}

/** Puts the new output in the place of the old one; another build may do the same at this moment, and then the later one wins. */
function swap(next) {
  const previous = path.join(root, `dist-previous-${process.pid}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (existsSync(dist)) renameSync(dist, previous);
      renameSync(next, dist);
      break;
    } catch (error) {
      if (attempt === 5) throw error;
    } finally {
      rmSync(previous, { recursive: true, force: true });
    }
  }
}

/**
 * Compiles and swaps `dist`; returns the exit code of the compiler. Without `check` types are stripped and declared but not checked, which
 * is for programs that only want to run.
 */
export function build({ quiet = false, check = true } = {}) {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const next = path.join(root, `dist-next-${process.pid}`);
  const startedAtMs = performance.now();
  const args = [
    compiler,
    '-p',
    'tsconfig.build.json',
    '--outDir',
    next,
    ...(check ? [] : ['--noCheck', '--isolatedDeclarations', 'false']),
  ];
  const outcome = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (existsSync(next)) swap(next);
  const code = outcome.status ?? 1;
  if (code !== 0) process.stderr.write(outcome.stdout + outcome.stderr);
  else if (!quiet) console.log(`dist is built (${Math.round(performance.now() - startedAtMs)} ms)`);
  return code;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const flags = new Set(process.argv.slice(2));
  if (!flags.has('--if-needed') || buildIsNeeded())
    process.exitCode = build({ quiet: flags.has('--quiet'), check: !flags.has('--no-check') });
}
