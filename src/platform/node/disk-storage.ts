import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BrokerError, illegalArgument } from '../../model/errors.ts';
import type { AcquireOptions, Directory, StorageProvider } from '../../model/storage-provider.ts';
import { syncDirectory } from './directory-sync.ts';
import { errnoOf } from './file-errors.ts';
import { storeError } from './leveldb-errors.ts';
import { NodeDirectory, sweepRemovedStores } from './node-directory.ts';
import { takeOwnerLock } from './owner-lock.ts';

/**
 * Keeps a broker's stores in a directory of this machine's file system. The directory is created when it is not there;
 * one broker holds it at a time. Network file systems are not supported.
 *
 * @param location - path of the directory, absolute or relative to the working directory
 * @throws TypeError with the code `MQ_ILLEGAL_ARGUMENT` when `location` cannot be a path
 * @public
 * @since 0.1.0
 */
export function diskStorage(location: string): StorageProvider {
  if (typeof location !== 'string' || location === '' || location.includes('\0')) {
    throw illegalArgument(`location must be the path of a directory, not ${JSON.stringify(location)}`);
  }
  const path = resolve(location);
  return { kind: 'disk', acquire: (options) => acquire(path, options) };
}

async function acquire(location: string, options: AcquireOptions): Promise<Directory> {
  try {
    await createFolder(location);
    const lock = await takeOwnerLock(location, options);
    try {
      await sweepRemovedStores(location);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return new NodeDirectory(location, lock, options);
  } catch (error) {
    throw acquireError(error, location);
  }
}

/**
 * Creates what is missing of the path, and makes it durable from its first new folder downwards. Not by a recursive `mkdir`: Node's hides why it has
 * failed, and never ends where a folder cannot be created although the one above it is there.
 */
async function createFolder(location: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = location; !(await exists(folder)); folder = dirname(folder)) {
    missing.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of missing.reverse()) {
    await createOne(folder);
    await syncDirectory(dirname(folder));
  }
}

/** Another process may create it at the same time. */
async function createOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await exists(folder))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function acquireError(error: unknown, location: string): Error {
  switch (errnoOf(error)) {
    case 'EEXIST':
    case 'ENOTDIR':
      return illegalArgument(`location ${JSON.stringify(location)} is a file, or lies below one; give the path of a directory`, {
        cause: error,
      });
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return illegalArgument(`location ${JSON.stringify(location)} is not a path that the file system takes`, { cause: error });
    case 'ENOENT':
      return new BrokerError(
        'MQ_STORE_WRITE_FAILED',
        `The directory ${JSON.stringify(location)} cannot be created; choose another location.`,
        {
          cause: error,
        },
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new BrokerError(
        'MQ_STORE_WRITE_FAILED',
        `This process may not write to ${JSON.stringify(location)}; change its permissions.`,
        {
          cause: error,
        },
      );
    default:
      return storeError(error, 'open', location);
  }
}
