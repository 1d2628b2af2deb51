// `npm run check`: every static gate, two at a time, with one line for each and the output of those that fail.
//
//   node tools/check.mjs [step...]        for example: node tools/check.mjs types lint

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
const tool = (name, ...args) => [process.execPath, path.join('tools', `${name}.mjs`), ...args];
const sourceFolders = ['src', 'test', 'examples', 'bench', 'tools'].filter((folder) => existsSync(path.join(root, folder)));

/** Every step of a chain runs in its order; chains run side by side. */
const chains = [
  [
    { name: 'types', command: [bin('tsc'), '-p', 'tsconfig.json'] },
    { name: 'javascript', command: [bin('tsc'), '-p', 'tsconfig.javascript.json'] },
    { name: 'docs', command: tool('check-docs') },
    { name: 'tidy', command: tool('tidy') },
  ],
  [
    { name: 'build', command: tool('build', '--quiet') },
    { name: 'lint', command: [bin('biome'), 'check', '--error-on-warnings', '--max-diagnostics=50', ...sourceFolders, ...rootFiles()] },
    { name: 'layers', command: [bin('depcruise'), 'src', '--config', '.dependency-cruiser.cjs'] },
    { name: 'dead code', command: [bin('knip'), '--no-progress'] },
    { name: 'package', command: [bin('publint'), '--strict'] },
    { name: 'resolution', command: [bin('attw'), '--pack', '.', '--profile', 'esm-only', '--no-emoji'] },
  ],
];

function rootFiles() {
  return readdirSync(root).filter((name) => /\.(json|cjs|ts)$/.test(name) && name !== 'package-lock.json');
}

function run([command, ...args]) {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const child = spawn(command, args, { cwd: root, env: { ...process.env, NO_COLOR: '1', npm_config_loglevel: 'error' } });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 1, output: String(error), seconds: 0 }));
    child.on('close', (code) => {
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString(), seconds: (performance.now() - startedAtMs) / 1000 });
    });
  });
}

const wanted = process.argv.slice(2);
const selected = chains.map((chain) => chain.filter((step) => wanted.length === 0 || wanted.includes(step.name)));
const failed = [];
let passedCount = 0;

async function runChain(steps) {
  for (const step of steps) {
    const { code, output, seconds } = await run(step.command);
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${step.name.padEnd(12)} ${seconds.toFixed(1).padStart(5)} s`);
    if (code === 0) passedCount += 1;
    else failed.push(step.name);
    if (code !== 0) console.log(`${output.trimEnd().replaceAll(/^/gm, '     | ')}\n`);
  }
}

await Promise.all(selected.map(runChain));
console.log(`check: ${passedCount} passed, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}`);
process.exitCode = failed.length > 0 || passedCount === 0 ? 1 : 0;
