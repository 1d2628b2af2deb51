import { createHash } from 'node:crypto';

/** Longest message group that a broker takes by default, bytes of UTF-8. */
const MAX_GROUP_BYTES = 63;

/**
 * The package that a file belongs to: everything up to the name behind the last `node_modules`, or the first folder. Files that lie
 * directly in the root belong to the package `.`.
 * @param {string} file path relative to the root of the index, with `/`
 */
export function packageOf(file) {
  const folders = file.split('/').slice(0, -1);
  const first = folders.lastIndexOf('node_modules') + 1;
  const length = folders[first]?.startsWith('@') ? 2 : 1;
  return folders.slice(0, first + length).join('/') || '.';
}

/**
 * A message group for a package. Names that are too long, or have characters that a group may not have, become a hash.
 * @param {string} packageName
 */
export function messageGroupOf(packageName) {
  const fits = Buffer.byteLength(packageName) <= MAX_GROUP_BYTES && packageName.trim() !== '' && !/\p{Cc}/u.test(packageName);
  return fits ? packageName : createHash('sha256').update(packageName).digest('hex').slice(0, 32);
}
