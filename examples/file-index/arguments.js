import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * What the command line asks for.
 * @typedef {object} Settings
 * @property {string} folder the folder to index, absolute and without symbolic links
 * @property {string} stateFolder where the states of all targets lie
 * @property {boolean} reset whether to forget what an earlier run of this target has done
 */

export const USAGE = `Usage: npm start [folder] [-- --reset] [--state <folder>]

  folder            what to index; the project's own node_modules if absent
  --reset           starts afresh, also where an interrupted run could be continued
  --state <folder>  where to keep the state; .pocketmq in the project if absent`;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

const projectFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * @param {string[]} commandLine the arguments behind the name of the program
 * @returns {Settings | undefined} nothing when only help is asked for
 * @throws {UsageError}
 */
export function readArguments(commandLine) {
  const { values, positionals } = parse(commandLine);
  if (values.help) return undefined;
  if (positionals.length > 1) throw new UsageError(`one folder at a time, not ${positionals.length}`);
  return {
    folder: existingFolder(positionals[0] ?? path.join(projectFolder, 'node_modules')),
    stateFolder: path.resolve(values.state ?? path.join(projectFolder, '.pocketmq')),
    // `npm start --reset`, without the two dashes before it, gives the option to npm, which hands it on in this way.
    reset: values.reset ?? process.env['npm_config_reset'] === 'true',
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { reset: { type: 'boolean' }, state: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} name */
function existingFolder(name) {
  try {
    const folder = realpathSync(name);
    if (statSync(folder).isDirectory()) return folder;
  } catch {
    // Said below, in the same words as for a file.
  }
  throw new UsageError(`${JSON.stringify(name)} is not a folder`);
}
