import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BrokerError, isBrokerError } from '../../../src/model/errors.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { diskStorage } from '../../../src/platform/node/disk-storage.ts';
import { liveness, ownIdentity } from '../../../src/platform/node/process-identity.ts';
import { systemClock } from '../../../src/platform/node/system-clock.ts';
import { compileSources } from '../compiled-sources.ts';

const acquireOptions = { lockWaitMs: 0, minFreeDiskBytes: 0, clock: systemClock };

/** Takes the location (or says why it cannot) and holds it until it is killed. */
const HOLDER = `
import { diskStorage } from './platform/node/disk-storage.js';
import { systemClock } from './platform/node/system-clock.js';
const [, , location, withStore] = process.argv;
setInterval(() => {}, 1e6);
try {
  const directory = await diskStorage(location).acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock: systemClock });
  if (withStore === 'yes') await (await directory.openStore('log', { create: true })).write([{ key: Uint8Array.of(1), value: Uint8Array.of(1) }]);
  console.log('held');
} catch (error) {
  console.log(error.code + ' ' + JSON.stringify(error.details));
}
`;

let compiled: string;
let location: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), 'pocketmq-compiled-'));
  await compileSources(compiled);
  await writeFile(join(compiled, 'holder.js'), HOLDER);
});
afterAll(async () => {
  await rm(compiled, { recursive: true });
});
beforeEach(async () => {
  location = await mkdtemp(join(tmpdir(), 'pocketmq-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await rm(location, { recursive: true });
});

async function startHolder(withStore: 'yes' | 'no' = 'no'): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [join(compiled, 'holder.js'), location, withStore], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return { child, said: String(line).trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function acquireError(lockWaitMs = 0): Promise<BrokerError> {
  const error: unknown = await diskStorage(location)
    .acquire({ ...acquireOptions, lockWaitMs })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (!isBrokerError(error)) throw new Error(`expected a BrokerError, got ${String(error)}`);
  return error;
}

const acquire = (): Promise<Directory> => diskStorage(location).acquire(acquireOptions);
const lockFile = (): string => join(location, 'owner.lock');
const writeLock = (record: object): Promise<void> => writeFile(lockFile(), JSON.stringify(record));
const record = (changes: object = {}): object => ({ ...ownIdentity(), since: '2026-01-01T00:00:00.000Z', token: 'somebody', ...changes });

describe('owner lock', () => {
  it('refuses a second open in the same process, and names the holder', async () => {
    const directory = await acquire();
    const error = await acquireError();
    expect(error.code).toBe('MQ_STORE_LOCKED');
    expect(error.details).toMatchObject({ pid: process.pid, host: hostname() });
    expect(error.message).toContain(String(process.pid));
    expect(error.message).toContain(String(error.details['since']));
    await directory.release();
    await (await acquire()).release();
    expect(await readdir(location)).toEqual([]);
  });

  it('refuses a second open in a worker thread', async () => {
    const directory = await acquire();
    const worker = new Worker(join(compiled, 'holder.js'), { argv: [location], stdout: true });
    const [line] = await once(worker.stdout, 'data');
    expect(String(line)).toContain(`MQ_STORE_LOCKED {"pid":${process.pid}`);
    await worker.terminate();
    await directory.release();
  });

  it('refuses a second open in another process, in both directions', async () => {
    const { child, said } = await startHolder();
    expect(said).toBe('held');
    expect((await acquireError()).details).toMatchObject({ pid: child.pid });
    await kill(child);
    const directory = await acquire();
    expect((await startHolder()).said).toContain(`MQ_STORE_LOCKED {"pid":${process.pid}`);
    await directory.release();
  });

  it('takes over from a holder that was killed, also before anybody asked how it ended', async () => {
    const { child } = await startHolder('yes');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    expect(existsSync(lockFile())).toBe(true);
    const directory = await acquire();
    const store = await directory.openStore('log', { create: false });
    expect(await store.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    await store.close();
    await directory.release();
  });

  it.runIf(process.platform === 'linux').each([
    ['a pid that lives on as another program', { startedAtTicks: '1' }],
    ['an earlier boot', { bootId: 'an earlier boot' }],
    ['a pid that is gone', { pid: 2 ** 22 + 1 }],
    ['another container', { pidNamespace: 'pid:[1]', host: 'container' }],
    ['another machine', { bootId: 'another machine', host: 'elsewhere' }],
  ])('takes over from %s', async (_, changes) => {
    await writeLock(record(changes));
    const directory = await acquire();
    const store = await directory.openStore('log', { create: true });
    expect(JSON.parse(await readFile(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid });
    await store.close();
    await directory.release();
    expect(existsSync(lockFile())).toBe(false);
  });

  it.each(['', '{"pid":', 'null', '{"pid":-1}', '\u0000\u0000'])('takes over a lock file that holds %j', async (content) => {
    await writeFile(lockFile(), content);
    const directory = await acquire();
    await directory.release();
  });

  it.runIf(process.platform === 'linux')(
    'lets the lock of LevelDB decide about a holder in another container, and puts its record back',
    async () => {
      await startHolder('yes');
      const seen = JSON.parse(await readFile(lockFile(), 'utf8'));
      const foreign = { ...seen, pid: 7, host: 'container-7', pidNamespace: 'pid:[1]' };
      await writeLock(foreign);
      const directory = await acquire();
      await expect(directory.openStore('log', { create: false })).rejects.toMatchObject({
        code: 'MQ_STORE_LOCKED',
        details: { pid: 7, host: 'container-7', since: seen.since },
      });
      await directory.release();
      expect(JSON.parse(await readFile(lockFile(), 'utf8'))).toEqual(foreign);
    },
  );

  it('says so when LevelDB is locked by somebody who left no record', async () => {
    await startHolder('yes');
    await rm(lockFile());
    const directory = await acquire();
    await expect(directory.openStore('log', { create: false })).rejects.toMatchObject({ code: 'MQ_STORE_LOCKED', details: {} });
    await directory.release();
  });

  it('waits for the holder as long as it is told to, by the given clock', async () => {
    const holder = await acquire();
    const started = performance.now();
    expect((await acquireError(120)).code).toBe('MQ_STORE_LOCKED');
    expect(performance.now() - started).toBeGreaterThanOrEqual(119);
    const waiting = diskStorage(location).acquire({ ...acquireOptions, lockWaitMs: 20_000 });
    await holder.release();
    await (await waiting).release();
  });

  it('leaves a lock alone that is not its own any more', async () => {
    const directory = await acquire();
    await writeLock(record({ token: 'a successor' }));
    await directory.release();
    expect(existsSync(lockFile())).toBe(true);
  });

  it('lets one of many that come at once through', async () => {
    await writeLock(record({ pid: 2 ** 22 + 1 }));
    const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => acquire()));
    const held = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(held.length).toBe(1);
    for (const attempt of held) await attempt.value.release();
    expect(await readdir(location)).toEqual([]);
  });
});

describe('process identity', () => {
  it('knows this process to be alive', () => {
    expect(liveness(ownIdentity())).toBe(process.platform === 'linux' ? 'alive' : 'unknown');
  });

  it('does not know about a machine that has no boot id and another name', () => {
    const own = { pid: process.pid, host: 'here' };
    expect(liveness({ pid: process.pid, host: 'there' }, own)).toBe('unknown');
    expect(liveness({ pid: 2 ** 22 + 1, host: 'here' }, own)).toBe('dead');
    expect(liveness({ pid: process.pid, host: 'here' }, own)).toBe('unknown');
  });
});
