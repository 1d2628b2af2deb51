import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Yields the files below a folder in an order that depends on their names alone, so that a walk that was interrupted can go on behind the
 * file that it yielded last. Files are regular files and symbolic links to anything but a folder: a link that leads nowhere is listed, and
 * it is the reader who finds out.
 * @param {string} root
 * @param {object} [options]
 * @param {string | undefined} [options.after] goes on behind this path, which need not exist any more
 * @param {string | undefined} [options.skip] a folder that is left out, absolute
 * @param {(folder: string, error: unknown) => void} [options.onUnlistable] told of each folder that cannot be listed
 * @returns {AsyncGenerator<string>} paths relative to `root`, with `/` between their parts on every platform
 */
export async function* walk(root, { after, skip, onUnlistable = () => {} } = {}) {
  yield* below('', after?.split('/') ?? []);

  /**
   * @param {string} folder relative to `root`
   * @param {string[]} resume the rest of `after` within this folder; empty where nothing in it was yielded before
   * @returns {AsyncGenerator<string>}
   */
  async function* below(folder, resume) {
    for (const entry of await entriesOf(folder)) {
      const [reached] = resume;
      if (reached !== undefined && entry.name < reached) continue;
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (path.join(root, relative) !== skip) yield* below(relative, entry.name === reached ? resume.slice(1) : []);
      } else if (entry.name !== reached && (await isFile(path.join(root, relative), entry))) {
        yield relative;
      }
    }
  }

  /** @param {string} folder */
  async function entriesOf(folder) {
    try {
      const entries = await readdir(path.join(root, folder), { withFileTypes: true });
      return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
    } catch (error) {
      onUnlistable(folder, error);
      return [];
    }
  }
}

/**
 * Tells whether an entry counts as a file.
 * @param {string} location
 * @param {import('node:fs').Dirent} entry
 */
export async function isFile(location, entry) {
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return (await stat(location)).isFile();
  } catch {
    return true;
  }
}
