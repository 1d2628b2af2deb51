// Some tests start child processes, which cannot run TypeScript on Node 20. They import `dist`, so it is brought up to date before the
// first test. Types are checked by `npm run check`, not here; a file that cannot even be parsed is told on stderr by the build.

import { build, buildIsNeeded } from './build.mjs';

export function setup() {
  if (buildIsNeeded()) build({ quiet: true, check: false });
}
