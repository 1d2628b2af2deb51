// Runs every example against the packed package. An example is a folder of `examples/`; what is run in it is `smoke.mjs` if it is there
// (it starts the program, uses it and checks it), else `main.js`, else its `*.test.js` files under node:test. Exit code 0 is success.
//
//   node tools/run-examples.mjs [--tarball <file>]

import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { installedProject, Report, root, run, tarball } from './packed-package.mjs';

const timeoutMs = 180_000;

function commandOf(folder) {
  const files = readdirSync(folder);
  if (files.includes('smoke.mjs')) return ['smoke.mjs'];
  if (files.includes('main.js')) return ['main.js'];
  const tests = files.filter((name) => /\.test\.m?js$/.test(name));
  return tests.length > 0 ? ['--test', ...tests] : undefined;
}

const report = new Report('examples');
const examples = path.join(root, 'examples');
if (existsSync(examples)) {
  const project = await installedProject(await tarball());
  cpSync(examples, path.join(project, 'examples'), { recursive: true });
  for (const entry of readdirSync(examples, { withFileTypes: true }).filter((candidate) => candidate.isDirectory())) {
    const folder = path.join(project, 'examples', entry.name);
    const command = commandOf(folder);
    if (command === undefined) report.fail(`examples/${entry.name}`, 'it has neither smoke.mjs, main.js nor a *.test.js');
    else report.add(`examples/${entry.name} (${command.join(' ')})`, await run(process.execPath, command, { cwd: folder, timeoutMs }));
  }
}
report.finish();
