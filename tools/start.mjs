// `npm start`: builds when the sources are newer than `dist`, then runs the file index with the arguments given. The example runs in this
// very process, so that a signal or a kill meets the program and not a wrapper around it.

import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, buildIsNeeded } from './build.mjs';

const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'examples', 'file-index', 'main.js');

const code = buildIsNeeded() ? build({ quiet: true, check: false }) : 0;
if (code === 0) {
  process.argv.splice(1, 1, program);
  await import(pathToFileURL(program).href);
} else {
  process.exitCode = code;
}
