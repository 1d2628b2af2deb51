import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker, type BrokerError, isBrokerError } from '../../src/index.ts';
import { ChildProgram } from './child-program.ts';

const program = new URL('./programs/holder.mjs', import.meta.url);
let location: string;
const children: ChildProgram[] = [];

beforeEach(() => {
  location = mkdtempSync(join(tmpdir(), 'pocketmq-owner-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
  rmSync(location, { recursive: true, force: true });
});

function startHolder(options: { lockWaitMs?: number } = {}): ChildProgram {
  const child = new ChildProgram(program, { argument: { location, ...options } });
  children.push(child);
  return child;
}

async function refusal(opening: Promise<Broker>): Promise<BrokerError> {
  const outcome = await opening.catch((error: unknown) => error);
  if (!isBrokerError(outcome)) throw new Error(`not refused: ${String(outcome)}`);
  return outcome;
}

describe('a directory that is held', () => {
  test('refuses a second broker of this process, and names it', async () => {
    const broker = await Broker.open({ location });
    const error = await refusal(Broker.open({ location }));
    expect(error).toMatchObject({ code: 'MQ_STORE_LOCKED', retryable: true, details: { pid: process.pid, host: hostname() } });
    expect(error.message).toContain(String(process.pid));
    // The refusal must not have let go of what the first one holds.
    expect((await refusal(Broker.open({ location }))).code).toBe('MQ_STORE_LOCKED');
    expect((await broker.createProducer().send({ topic: 'orders', body: 'still mine' })).queueOffset).toBe(0);
    await broker.close();
    await (await Broker.open({ location })).close();
  });

  test('refuses a broker of a worker thread, and names the process', async () => {
    const broker = await Broker.open({ location });
    const worker = new Worker(program, { workerData: { location } });
    const [said] = await new Promise<string[]>((resolve, reject) => {
      worker.once('message', (line: string) => resolve([line]));
      worker.once('error', reject);
    });
    await worker.terminate();
    expect(said).toContain('"code":"MQ_STORE_LOCKED"');
    expect(said).toContain(`"pid":${process.pid}`);
    await broker.close();
  });

  // The process lived on, and with it the lock: nobody could open the store any more, not even a new worker in place of the one that had died.
  test.skipIf(process.platform !== 'linux')('is free when the worker thread that held it has ended', async () => {
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(program, { workerData: { location, keep: true } });
      const said = await new Promise((resolve) => worker.once('message', resolve));
      expect(said).toBe('held');
      expect((await refusal(Broker.open({ location }))).code).toBe('MQ_STORE_LOCKED');
      await worker.terminate();
      const broker = await Broker.open({ location, lockWaitMs: 5_000 });
      await broker.createProducer().send({ topic: 'orders', body: 'mine' });
      await broker.close();
    }
  });

  test('refuses another process both ways round, and names the holder', async () => {
    const holder = startHolder();
    await holder.said('held');
    const error = await refusal(Broker.open({ location }));
    expect(error).toMatchObject({ code: 'MQ_STORE_LOCKED', details: { pid: holder.pid, host: hostname() } });
    expect(Date.parse(String(error.details['since']))).toBeLessThanOrEqual(Date.now());
    expect(await startHolder().said('refused')).toContain(`"pid":${holder.pid}`);
    holder.tell('close');
    await holder.said('closed');
    await (await Broker.open({ location })).close();
  });

  test('is waited for with lockWaitMs', async () => {
    const holder = startHolder();
    await holder.said('held');
    const opening = Broker.open({ location, lockWaitMs: 10_000 });
    holder.tell('close');
    await (await opening).close();
  });

  test('is taken over from a dead process', async () => {
    const holder = startHolder();
    await holder.said('held');
    await holder.kill();
    expect(readFileSync(join(location, 'owner.lock'), 'utf8')).toContain(String(holder.pid));
    await (await Broker.open({ location })).close();
  });

  test('is taken over from a dead process whose pid another program has now', async () => {
    const holder = startHolder();
    await holder.said('held');
    await holder.kill();
    const path = join(location, 'owner.lock');
    const record = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    // This very process is alive, and never held the directory.
    writeFileSync(path, JSON.stringify({ ...record, pid: process.pid }));
    await (await Broker.open({ location })).close();
  });

  test('goes to exactly one of many that open it at once, and the rest are told who', async () => {
    const holders = Array.from({ length: 5 }, () => startHolder());
    const words = await Promise.all(
      holders.map((holder) =>
        Promise.race([holder.said('held'), holder.said('refused')].map((word) => word.catch(() => new Promise<string>(() => undefined)))),
      ),
    );
    expect(words.filter((word) => word === 'held')).toHaveLength(1);
    for (const word of words.filter((line) => line !== 'held')) expect(word).toContain('"code":"MQ_STORE_LOCKED"');
  });
});
