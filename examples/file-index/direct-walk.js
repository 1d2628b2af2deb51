import { lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * What the check found.
 * @typedef {object} Check
 * @property {number} found files that lie in the folder now
 * @property {string[]} missing files that neither the index nor the dead letters know
 * @property {string[]} gone files of the index that are no longer there
 * @property {string[]} changed files whose size is not what was read
 */

/**
 * Compares an index with the folder. Deliberately another way through the folder than `walk.js`: without an order, and without a queue.
 * @param {string} folder
 * @param {object} index
 * @param {Map<string, { bytes: number }>} index.files what was indexed, by path
 * @param {Set<string>} index.unreadable paths in the dead letters
 * @param {string} index.skip a folder that is left out, absolute
 * @returns {Check}
 */
export function checkAgainst(folder, { files, unreadable, skip }) {
  const sizes = sizesBelow(folder, skip);
  const paths = [...sizes.keys()];
  return {
    found: sizes.size,
    missing: paths.filter((file) => !files.has(file) && !unreadable.has(file)),
    gone: [...files.keys()].filter((file) => !sizes.has(file)),
    changed: paths.filter((file) => files.has(file) && files.get(file)?.bytes !== sizes.get(file)),
  };
}

/**
 * @param {string} root
 * @param {string} skip
 * @returns {Map<string, number | undefined>} size by path; nothing where a link leads nowhere
 */
function sizesBelow(root, skip) {
  /** @type {Map<string, number | undefined>} */
  const sizes = new Map();
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of namesIn(folder)) {
      const location = path.join(folder, name);
      const status = lstatSync(location, { throwIfNoEntry: false });
      if (status === undefined || location === skip) continue;
      if (status.isDirectory()) folders.push(location);
      const target = status.isSymbolicLink() ? targetOf(location) : status;
      if (target === undefined || target.isFile()) sizes.set(path.relative(root, location).replaceAll(path.sep, '/'), target?.size);
    }
  }
  return sizes;
}

/** @param {string} folder */
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** @param {string} link */
function targetOf(link) {
  try {
    return statSync(link);
  } catch {
    return undefined;
  }
}
