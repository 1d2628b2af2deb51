import { mkdir } from 'node:fs/promises';
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

/** Creates what is missing of the path, and makes it durable from its first new folder downwards. */
async function createFolder(location: string): Promise<void> {
  const first = await mkdir(location, { recursive: true });
  if (first === undefined) return;
  const stop = dirname(resolve(first));
  let folder = location;
  while (folder !== stop) {
    folder = dirname(folder);
    await syncDirectory(folder);
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
