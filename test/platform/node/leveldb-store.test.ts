import { spawnSync } from 'node:child_process';
import { constants, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import { storeError } from '../../../src/platform/node/leveldb-errors.ts';
import { openLevelDb, TUNING } from '../../../src/platform/node/leveldb-store.ts';
import { bytes, describeKeyValueStore, entriesOf, hex, numbered, type StoreUnderTest } from '../key-value-store.suite.ts';

async function openAt(folder: string, name: 'log' | 'index'): Promise<StoreUnderTest> {
  const store = await openLevelDb(join(folder, name), { create: true, tuning: TUNING[name] });
  return {
    store,
    reopen: () => openAt(folder, name),
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

for (const name of ['log', 'index'] as const) {
  describeKeyValueStore(`LevelDB as ${name}`, async () => openAt(await mkdtemp(join(tmpdir(), 'pocketmq-leveldb-')), name));
}

describe('LevelDB store', () => {
  let folder: string;
  let location: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pocketmq-leveldb-'));
    location = join(folder, 'log');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const openStore = (create: boolean): Promise<DurableStore> => openLevelDb(location, { create, tuning: TUNING.log });

  async function fill(count: number, size = 1_000): Promise<void> {
    const store = await openStore(true);
    for (let index = 0; index < count; index += 1) await store.write([{ key: numbered(index), value: new Uint8Array(size).fill(index) }]);
    await store.close();
  }

  async function fileNamed(pattern: RegExp): Promise<string> {
    const name = (await readdir(location)).find((found) => pattern.test(found));
    if (name === undefined) throw new Error(`no file like ${String(pattern)}`);
    return join(location, name);
  }

  it('refuses a store that is not there, unless it may create it', async () => {
    await expect(openStore(false)).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
    await (await openStore(true)).close();
    await (await openStore(false)).close();
  });

  it.each([true, false])('never opens a store empty that lost its CURRENT, create: %s', async (create) => {
    await fill(2_000);
    await (await openStore(false)).close();
    await rm(join(location, 'CURRENT'));
    const before = await readdir(location);
    await expect(openStore(create)).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
    expect(await readdir(location)).toEqual(before);
  });

  it('creates a store where an earlier creation was interrupted', async () => {
    await mkdir(location);
    await writeFile(join(location, 'MANIFEST-000001'), 'half');
    const store = await openStore(true);
    expect(await entriesOf(store)).toEqual([]);
    await store.close();
  });

  it('calls a lost table damage, and a damaged manifest corruption', async () => {
    await fill(100);
    await (await openStore(false)).close();
    await copyFile(await fileNamed(/^MANIFEST/), join(folder, 'manifest'), constants.COPYFILE_EXCL);
    const manifest = await fileNamed(/^MANIFEST/);
    await flip(manifest, 20);
    await expect(openStore(false)).rejects.toMatchObject({ code: 'MQ_STORE_CORRUPT' });
    await copyFile(join(folder, 'manifest'), manifest);
    await rm(await fileNamed(/\.ldb$/));
    await expect(openStore(false)).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
  });

  it('reports a lock that another handle holds', async () => {
    const store = await openStore(true);
    await expect(openStore(false)).rejects.toMatchObject({ code: 'MQ_STORE_LOCKED', cause: { code: 'LEVEL_DATABASE_NOT_OPEN' } });
    await store.close();
  });

  it('reports what LevelDB dropped while it opened', async () => {
    await fill(200);
    const log = await fileNamed(/\.log$/);
    await flip(log, Math.floor((await stat(log)).size / 2));
    const store = await openStore(false);
    expect((await entriesOf(store)).length).toBeLessThan(200);
    expect(store.openingNotes.length).toBeGreaterThan(0);
    expect(store.openingNotes.join('\n')).toMatch(/dropping/);
    await store.close();
  });

  it('reads on after a cut tail, which LevelDB does not mention', async () => {
    await fill(20);
    const log = await fileNamed(/\.log$/);
    await truncate(log, (await stat(log)).size - 7);
    const store = await openStore(false);
    expect((await entriesOf(store)).length).toBe(19);
    await store.close();
  });

  it('reports corruption when it is read', async () => {
    await fill(200);
    await (await openStore(false)).close();
    const table = await fileNamed(/\.ldb$/);
    await truncate(table, (await stat(table)).size - 20);
    const store = await openStore(false);
    await expect(entriesOf(store)).rejects.toMatchObject({ code: 'MQ_STORE_CORRUPT' });
    await expect(store.get(numbered(1))).rejects.toMatchObject({ code: 'MQ_STORE_CORRUPT' });
    await store.close();
  });

  it('gives the disk back what a large clear has freed', async () => {
    const store = await openStore(true);
    for (let index = 0; index < 320; index += 1) await store.write([{ key: numbered(index), value: new Uint8Array(131_072).fill(index) }]);
    const full = await folderBytes(location);
    await store.clear({ gte: numbered(0), lt: numbered(300) });
    expect(await folderBytes(location)).toBeLessThan(full / 2);
    await store.write([{ key: numbered(400), value: bytes(1) }]);
    await store.barrier();
    expect((await entriesOf(store)).length).toBe(21);
    await store.close();
  });

  it('accepts nothing more once a barrier has failed, because LevelDB would say "written" of what no reopen finds', async () => {
    const store = await openStore(true);
    // Writes that overlap make the next barrier list the directory, which is gone.
    await Promise.all([store.write([{ key: numbered(1), value: bytes(1) }]), store.write([{ key: numbered(2), value: bytes(2) }])]);
    await rm(location, { recursive: true });
    await expect(store.barrier()).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED', cause: { code: 'ENOENT' } });
    await expect(store.write([{ key: numbered(3), value: bytes(3) }])).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
    await expect(store.clear({})).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
    await expect(store.barrier()).rejects.toMatchObject({ code: 'MQ_STORE_WRITE_FAILED' });
    expect(await store.get(numbered(1))).toEqual(bytes(1));
    await store.close();
  });

  it('loses nothing that it accepted on a disk that was full for a while', async (context) => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    const mounted = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]).status === 0;
    context.skip(!mounted, 'needs the right to mount a small file system');
    try {
      location = join(disk, 'log');
      await writeFile(join(disk, 'ballast'), new Uint8Array(1_000_000).fill(1));
      let store = await openStore(true);
      const accepted: string[] = [];
      const write = async (index: number): Promise<void> => {
        await store.write([{ key: numbered(index), value: new Uint8Array(20_000) }]);
        accepted.push(hex(numbered(index)));
      };
      await expect(async () => {
        for (let index = 0; index < 1_000; index += 1) await write(index);
      }).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
      await rm(join(disk, 'ballast'));
      await expect(write(2_000)).rejects.toMatchObject({ code: 'MQ_DISK_FULL' });
      await store.close();
      // Recovery writes the log anew as a table, which needs as much room again.
      expect(spawnSync('/bin/mount', ['-o', 'remount,size=24m', disk]).status).toBe(0);
      store = await openStore(false);
      await write(3_000);
      expect((await entriesOf(store)).map(([key]) => key)).toEqual(expect.arrayContaining(accepted));
      expect(accepted.length).toBeGreaterThan(100);
      await store.close();
    } finally {
      spawnSync('/bin/umount', [disk]);
    }
  });

  it('leaves the error of a consumer of a scan as it is', async () => {
    await fill(3);
    const store = await openStore(false);
    await expect(async () => {
      for await (const slice of store.scan({})) throw new RangeError(`${slice.length} entries`);
    }).rejects.toThrow(RangeError);
    await store.close();
  });
});

describe('errors of LevelDB', () => {
  const levelError = (code: string, message: string, cause?: Error): Error =>
    Object.assign(new Error(message, cause && { cause }), { code });

  it.each([
    ['LEVEL_IO_ERROR', 'IO error: /x/000005.log: No space left on device', 'write', 'MQ_DISK_FULL'],
    ['ENOSPC', 'ENOSPC: no space left on device, fsync', 'write', 'MQ_DISK_FULL'],
    ['LEVEL_IO_ERROR', 'IO error: /x/000005.log: Input/output error', 'write', 'MQ_STORE_WRITE_FAILED'],
    ['LEVEL_IO_ERROR', 'IO error: /x/000005.ldb: Input/output error', 'read', 'MQ_INTERNAL_ERROR'],
    ['LEVEL_CORRUPTION', 'Corruption: bad block', 'read', 'MQ_STORE_CORRUPT'],
    ['LEVEL_DATABASE_NOT_OPEN', 'Database is not open', 'write', 'MQ_BROKER_NOT_OPEN'],
    ['LEVEL_IO_ERROR', 'IO error: /x/MANIFEST-000001: No such file or directory', 'open', 'MQ_STORE_DAMAGED'],
  ] as const)('%s, %j in a %s is %s', (code, message, action, expected) => {
    const cause = levelError(code, message);
    const error = storeError(cause, action, '/x');
    expect(error).toMatchObject({ code: expected, cause });
    expect(error.message).toContain(message);
  });

  it('finds the reason below the error of an opening', () => {
    const locked = levelError('LEVEL_DATABASE_NOT_OPEN', 'Database failed to open', levelError('LEVEL_LOCKED', 'IO error: lock /x/LOCK'));
    expect(storeError(locked, 'open', '/x').code).toBe('MQ_STORE_LOCKED');
    expect(storeError(levelError('LEVEL_DATABASE_NOT_OPEN', 'Database failed to open'), 'open', '/x').code).toBe('MQ_STORE_WRITE_FAILED');
    expect(storeError('a text', 'read', '/x').code).toBe('MQ_INTERNAL_ERROR');
  });
});

async function flip(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, position);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  await file.write(byte, 0, 1, position);
  await file.close();
}

async function folderBytes(folder: string): Promise<number> {
  // LevelDB may delete a file between the listing and the look at it.
  const sizes = (await readdir(folder)).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}
