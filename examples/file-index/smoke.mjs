// Indexes a folder that this program makes, so that it knows what must come out: kills the index, interrupts it, and lets it come to its end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PACKAGES = 40;
const FILES_PER_PACKAGE = 25;
const FILES = PACKAGES * FILES_PER_PACKAGE;
const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'main.js');

const folder = mkdtempSync(path.join(tmpdir(), 'pocketmq-file-index-'));
const target = path.join(folder, 'target');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
plantFiles();

const killed = await index({ endAtLine: /^\d+\/\d+/, signal: 'SIGKILL' });
assert.equal(killed.signal, 'SIGKILL', 'it was killed in the middle');

const interrupted = await index({ endAtLine: /^Continuing/, signal: 'SIGINT' });
assert.equal(interrupted.code, 130);
assert.match(interrupted.lines.at(-1), /^Interrupted: /);

const continued = await index();
assertVerdict(continued, { indexed: FILES, unreadable: 2 });
assert.match(continued.text, /Continuing/);
assert.match(continued.text, /repeated +\d+ deliveries/);
assert.match(continued.text, /p00\/dangling\n +3 attempts/);
assert.match(continued.text, new RegExp(`${PACKAGES - 1} files repeat what others hold, in 1 sets`));

const afresh = await index();
assertVerdict(afresh, { indexed: FILES, unreadable: 2 });
assert.match(afresh.text, /^Indexing/m, 'a finished run starts afresh');
assert.doesNotMatch(afresh.text, /continued/);
assert.match(afresh.text, /repeated +0 deliveries of indexed files, 4 of unreadable ones/);
assert.match(afresh.text, /\(planted\).*\n +3 attempts in [01]\.\d s: ENOENT/, 'three attempts within two seconds');

const half = await index({ endAtLine: /^\d+\/\d+/, signal: 'SIGKILL' });
assert.equal(half.signal, 'SIGKILL');
const reset = await index({ options: ['--reset'] });
assertVerdict(reset, { indexed: FILES, unreadable: 2 });
assert.match(reset.text, /^Indexing/m, '--reset starts afresh');

assert.equal((await index({ options: ['--nonsense'] })).code, 2);
console.log(continued.lines.at(-1));

/** Every package has one file that is in all of them, and the first one has a link that leads nowhere. */
function plantFiles() {
  for (let number = 0; number < PACKAGES; number += 1) {
    const name = path.join(target, `p${String(number).padStart(2, '0')}`);
    mkdirSync(path.join(name, 'lib'), { recursive: true });
    writeFileSync(path.join(name, 'LICENSE'), 'the same everywhere\n');
    for (let file = 1; file < FILES_PER_PACKAGE; file += 1) {
      writeFileSync(path.join(name, 'lib', `${file}.txt`), `${number}/${file}\n`.repeat(200 * file));
    }
  }
  symlinkSync('nowhere', path.join(target, 'p00', 'dangling'));
}

/**
 * Runs the program, and sends it a signal once it prints a certain line.
 * @param {{ endAtLine?: RegExp, signal?: NodeJS.Signals, options?: string[] }} [run]
 */
async function index({ endAtLine, signal, options = [] } = {}) {
  const args = [program, target, '--state', path.join(folder, 'state'), ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (endAtLine?.test(line)) child.kill(signal);
  });
  const errors = [];
  child.stderr.on('data', (chunk) => errors.push(chunk));
  const [code, killedBy] = await once(child, 'close');
  return { code, signal: killedBy, lines, text: lines.join('\n'), errors: Buffer.concat(errors).toString() };
}

function assertVerdict({ code, lines, text, errors }, { indexed, unreadable }) {
  assert.equal(code, 0, `${text}\n${errors}`);
  const all = (indexed + 1).toLocaleString('en');
  const expected = `OK: ${all} files found, none missing, none sent twice; ${indexed.toLocaleString('en')} indexed, ${unreadable} unreadable`;
  assert.equal(lines.at(-1), expected);
}
