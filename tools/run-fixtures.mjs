// Installs the packed package into copies of the projects in `test/fixtures/packages` and runs their `npm test`: require() from CommonJS,
// type-checking consumers, and tests of users under vitest, node:test and jest.
//
//   node tools/run-fixtures.mjs [--tarball <file>] [name...]

import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { install, Report, root, run, tarball, temporaryFolder } from './packed-package.mjs';

const timeoutMs = 180_000;

const fixtures = path.join(root, 'test', 'fixtures', 'packages');
const { positionals: wanted } = parseArgs({ options: { tarball: { type: 'string' } }, allowPositionals: true });
const names = existsSync(fixtures) ? readdirSync(fixtures).filter((name) => existsSync(path.join(fixtures, name, 'package.json'))) : [];

async function runFixture(name, archive) {
  const folder = path.join(temporaryFolder('fixture'), name);
  cpSync(path.join(fixtures, name), folder, { recursive: true });
  try {
    await install(folder, [archive]);
  } catch (error) {
    return { code: 1, output: String(error), seconds: 0 };
  }
  return run('npm', ['test', '--silent'], { cwd: folder, timeoutMs });
}

const report = new Report('fixtures');
const archive = await tarball();
for (const name of names) {
  if (wanted.length === 0 || wanted.includes(name)) report.add(`fixture ${name}`, await runFixture(name, archive));
}
report.finish();
