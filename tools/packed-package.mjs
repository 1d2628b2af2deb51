// What the runners share: a tarball of the package as it would be published, a temporary project that installed it, and a child process
// with a time limit.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const temporary = [];
process.on('exit', () => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes away with this process. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(path.join(tmpdir(), `pocketmq-${name}-`));
  temporary.push(folder);
  return folder;
}

/** Runs a command to its end; past the limit it and its children are killed. Never rejects. */
export function run(command, args, { cwd, timeoutMs, env = {} }) {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const ownGroup = process.platform !== 'win32';
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: ownGroup,
      shell: !ownGroup,
    });
    const chunks = [];
    let timedOut = false;
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const limit = setTimeout(() => {
      timedOut = true;
      if (ownGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
    }, timeoutMs);
    const settle = (code, detail) => {
      clearTimeout(limit);
      const output = Buffer.concat(chunks).toString() + detail;
      resolve({ code: timedOut ? 1 : code, output, seconds: (performance.now() - startedAtMs) / 1000 });
    };
    child.on('error', (error) => settle(1, `\n${error}`));
    child.on('close', (code, signal) =>
      settle(code ?? 1, timedOut ? `\nkilled after ${timeoutMs} ms` : signal ? `\nended by ${signal}` : ''),
    );
  });
}

/** The tarball named by `--tarball`, or a fresh one from `dist`. */
export async function tarball() {
  const { values } = parseArgs({ options: { tarball: { type: 'string' } }, allowPositionals: true });
  if (values.tarball !== undefined) return path.resolve(values.tarball);
  if (!existsSync(path.join(root, 'dist', 'index.js'))) throw new Error('dist/index.js does not exist; run `npm run build` first');
  const folder = temporaryFolder('pack');
  const { code, output } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root, timeoutMs: 60_000 });
  const [name] = readdirSync(folder);
  if (code !== 0 || name === undefined) throw new Error(`npm pack failed\n${output}`);
  return path.join(folder, name);
}

/** Installs the tarball, and what examples and programs use beside it, into a new project. */
export async function installedProject(archive) {
  const folder = temporaryFolder('project');
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const companions = ['fast-check', 'cli-progress', 'cli-table3', 'zod'].filter((name) => name in devDependencies);
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
  await install(folder, [archive, ...companions.map((name) => `${name}@${devDependencies[name]}`)]);
  return folder;
}

export async function install(folder, packages) {
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', ...packages];
  const { code, output } = await run('npm', args, { cwd: folder, timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`npm install failed in ${folder}\n${output}`);
}

/** Prints one line for each case, its output when it failed, and the counts; sets the exit code. */
export class Report {
  #passed = 0;
  #failed = 0;
  #name;

  constructor(name) {
    this.#name = name;
  }

  add(title, { code, output, seconds }) {
    if (code === 0) this.#passed += 1;
    else this.#failed += 1;
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${title} (${seconds.toFixed(1)} s)`);
    if (code !== 0) console.log(output.trimEnd().replaceAll(/^/gm, '     | '));
  }

  fail(title, reason) {
    this.add(title, { code: 1, output: reason, seconds: 0 });
  }

  finish() {
    if (this.#passed + this.#failed === 0) this.fail(this.#name, 'nothing was found to run');
    console.log(`${this.#name}: ${this.#passed} passed, ${this.#failed} failed`);
    if (this.#failed > 0) process.exitCode = 1;
  }
}
