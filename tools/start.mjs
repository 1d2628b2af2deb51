// `npm start`: builds when the sources are newer than `dist`, then runs the file index, or the example that is named, with the arguments
// given. The example runs in this very process, so that a signal or a kill meets the program and not a wrapper around it.
//
//   node tools/start.mjs [--example <folder of examples/>] [arguments of the example]

import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, buildIsNeeded } from './build.mjs';

const named = process.argv[2] === '--example';
const example = named ? process.argv[3] : 'file-index';
const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'examples', example, 'main.js');

const code = buildIsNeeded() ? build({ quiet: true, check: false }) : 0;
if (code === 0) {
  process.argv.splice(1, named ? 3 : 1, program);
  await import(pathToFileURL(program).href);
} else {
  process.exitCode = code;
}
