import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AcquireOptions, Directory } from '../../../src/model/storage-provider.ts';
import { diskStorage } from '../../../src/platform/node/disk-storage.ts';
import { systemClock } from '../../../src/platform/node/system-clock.ts';
import { TmpfsDisk, whyNoSmallDisk } from '../../faults/tmpfs-disk.ts';
import { bytes, entriesOf, hex, numbered } from '../key-value-store.suite.ts';

const MEBIBYTE = 1_048_576;
const acquireOptions: AcquireOptions = { lockWaitMs: 0, minFreeDiskBytes: 8 * MEBIBYTE, clock: systemClock };

describe('disk storage', () => {
  let folder: string;
  let location: string;
  let held: Directory | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pocketmq-disk-'));
    location = join(folder, 'deep', 'broker');
  });
  afterEach(async () => {
    await held?.release();
    held = undefined;
    await rm(folder, { recursive: true });
  });

  async function acquire(options: Partial<AcquireOptions> = {}): Promise<Directory> {
    held = await diskStorage(location).acquire({ ...acquireOptions, ...options });
    return held;
  }

  it('creates the folder with all above it, and opens stores in it', async () => {
    const directory = await acquire();
    expect(directory.location).toBe(location);
    expect(await directory.storeExists('log')).toBe(false);
    const store = await directory.openStore('log', { create: true });
    await store.write([{ key: numbered(1), value: bytes(1) }]);
    await store.close();
    expect(await directory.storeExists('log')).toBe(true);
    expect(await directory.storeExists('index')).toBe(false);
    await expect(directory.openStore('index', { create: false })).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
    const again = await directory.openStore('log', { create: false });
    expect((await entriesOf(again)).length).toBe(1);
    await again.close();
  });

  it('replaces the marker in one step', async () => {
    const directory = await acquire();
    expect(await directory.readMarker()).toBeUndefined();
    const content = bytes(1, 2, 3);
    const writing = directory.writeMarker(content);
    content.fill(9);
    await writing;
    expect(hex((await directory.readMarker()) ?? bytes())).toBe('010203');
    await directory.writeMarker(bytes(4));
    expect(await readFile(join(location, 'broker.json'))).toEqual(Buffer.of(4));
    expect((await readdir(location)).sort()).toEqual(['broker.json', 'owner.lock']);
  });

  it('removes a store whole, and finishes a removal that was cut short', async () => {
    const directory = await acquire();
    await (await directory.openStore('index', { create: true })).close();
    await directory.destroyStore('index');
    await directory.destroyStore('index');
    expect(await directory.storeExists('index')).toBe(false);
    await mkdir(join(location, 'index.removed-half'));
    await writeFile(join(location, 'index.removed-half', '000005.ldb'), 'x');
    await directory.release();
    await acquire();
    expect(await readdir(location)).toEqual(['owner.lock']);
  });

  it('keeps a ballast of a quarter of the reserve that is really allocated', async () => {
    const directory = await acquire();
    await directory.restoreBallast();
    const ballast = await stat(join(location, 'ballast'));
    expect(ballast.size).toBe(2 * MEBIBYTE);
    expect(ballast.blocks * 512).toBeGreaterThanOrEqual(2 * MEBIBYTE);
    await directory.restoreBallast();
    expect((await stat(join(location, 'ballast'))).mtimeMs).toBe(ballast.mtimeMs);
    await directory.releaseBallast();
    expect(await readdir(location)).toEqual(['owner.lock']);
    await directory.restoreBallast();
    expect((await stat(join(location, 'ballast'))).size).toBe(2 * MEBIBYTE);
  });

  it('keeps no ballast that the disk has no room for', async () => {
    const directory = await acquire({ minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
    await directory.restoreBallast();
    expect(await readdir(location)).toEqual(['owner.lock']);
    expect(await directory.freeBytes()).toBeGreaterThan(0);
  });

  it('reserves the ballast by itself when the broker has lived for a while', async () => {
    const due: (() => void)[] = [];
    const clock = { ...systemClock, setTimer: (_: number, fn: () => void) => ({ cancel: () => void due.splice(0), fn: due.push(fn) }) };
    const directory = await acquire({ clock });
    due[0]?.();
    await directory.restoreBallast();
    expect(await readdir(location)).toContain('ballast');
    await directory.release();
    expect(due).toEqual([]);
    held = undefined;
  });

  it.each(['', 'a\0b'])('refuses %j as a location', (wrong) => {
    expect(() => diskStorage(wrong)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });

  it('refuses a location that is a file or lies below one', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const path of ['file', 'file/below']) {
      await expect(diskStorage(join(folder, path)).acquire(acquireOptions)).rejects.toMatchObject({ code: 'MQ_ILLEGAL_ARGUMENT' });
    }
    await expect(diskStorage(join(folder, 'x'.repeat(300))).acquire(acquireOptions)).rejects.toMatchObject({ code: 'MQ_ILLEGAL_ARGUMENT' });
  });

  // A recursive `mkdir` of Node's went round in one of libuv's threads for ever.
  it.skipIf(process.platform !== 'linux')('refuses a location where nothing can be created', async () => {
    await expect(diskStorage('/proc/pocketmq/data').acquire(acquireOptions)).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
  });

  // A new directory in a container whose file system is read-only was told as a database that lost its files, to be restored from a backup.
  it.skipIf(whyNoSmallDisk() !== undefined)('says that it may not create its directory', async () => {
    const disk = new TmpfsDisk(folder, 1);
    try {
      execFileSync('mount', ['-o', 'remount,ro', disk.mountPoint]);
      const acquired = diskStorage(join(disk.mountPoint, 'data', 'store')).acquire(acquireOptions);
      await expect(acquired).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED', message: expect.stringContaining('may not write') });
    } finally {
      disk.remove();
    }
  });

  it('creates its directory beside somebody who does the same', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => diskStorage(location).acquire(acquireOptions)));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    expect(refusals).toEqual(Array.from({ length: 4 }, () => 'MQ_STORE_LOCKED'));
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') held = outcome.value;
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('says that it may not write', async () => {
    await chmod(folder, 0o500);
    await expect(diskStorage(location).acquire(acquireOptions)).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
    await chmod(folder, 0o700);
  });
});
