import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Broker, type Logger } from '../../src/index.ts';
import { SimulatedDisk } from '../../src/testing/index.ts';
import { ChildProgram } from '../process/child-program.ts';
import { turns } from './turns.ts';

describe('a listener of the broker’s events that throws', () => {
  // Events are told in the middle of commits. What the listener threw went through the commit: every send of it failed, though all were stored,
  // and those that came behind it never settled.
  test('is logged, and harms neither sends nor the close', async () => {
    const logged: string[] = [];
    const ignore = (): void => undefined;
    const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: (_, message) => logged.push(message) };
    const broker = await Broker.open({ storage: 'memory', logger });
    const producer = broker.createProducer({ timeoutMs: 1500 });
    await producer.send({ topic: 'orders', body: 'first' });
    broker.events.once('sent', () => {
      throw new Error('a listener of sent');
    });
    const outcomes = await Promise.allSettled(['1', '2', '3'].map((body) => producer.send({ topic: 'orders', body })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    broker.events.on('state', () => {
      throw new Error('a listener of state');
    });
    await expect(broker.close()).resolves.toBeUndefined();
    expect(new Set(logged)).toEqual(new Set(['a listener of a broker event threw']));
  });
});

describe('a consumer that is being opened when the broker closes', () => {
  // The close did not know of it: the consumer was opened after everything had been closed, and kept the process from its end.
  test.each(['createPushConsumer', 'createSimpleConsumer'] as const)('is refused (%s)', async (method) => {
    const location = mkdtempSync(join(tmpdir(), 'pocketmq-close-'));
    try {
      const broker = await Broker.open({ location, logger: false });
      await broker.createProducer().send({ topic: 'orders', body: 'one' });
      const options = { group: 'billing', subscriptions: { orders: '*' } };
      const opening =
        method === 'createSimpleConsumer' ? broker[method](options) : broker[method]({ ...options, listener: () => undefined });
      const outcome = opening.then(
        () => 'opened',
        (error: { code: string }) => error.code,
      );
      await broker.close();
      expect(await Promise.race([outcome, sleep(2000, 'never settled')])).toBe('MQ_BROKER_NOT_OPEN');
      expect(await broker.admin.stats()).toMatchObject({ state: 'closed', consumers: 0 });
    } finally {
      rmSync(location, { recursive: true, force: true });
    }
  });
});

describe('waiting for the directory of another process', () => {
  // Nothing kept the process alive: Node ended it with code 13 in the middle of `await Broker.open`.
  test('keeps a process alive that has nothing else to do', async () => {
    const location = mkdtempSync(join(tmpdir(), 'pocketmq-wait-'));
    const program = new URL('../process/programs/holder.mjs', import.meta.url);
    const holder = new ChildProgram(program, { argument: { location } });
    let waiter: ChildProgram | undefined;
    try {
      await holder.said('held');
      waiter = new ChildProgram(program, { argument: { location, lockWaitMs: 20_000 } });
      // It ends of itself soon after its start when nothing keeps it.
      await Promise.race([waiter.ended, sleep(1500)]);
      holder.tell('close');
      await holder.said('closed');
      expect(await waiter.said('held')).toBe('held');
    } finally {
      await holder.kill();
      await waiter?.kill();
      rmSync(location, { recursive: true, force: true });
    }
  });
});

describe('the write queue', () => {
  const MIB = 1024 * 1024;

  // Everybody who waited for room was let in by the same free byte: the queue held many times its bound.
  test('holds at most maxQueuedBytes while many sends wait for their turn', async () => {
    const broker = await Broker.open({
      storage: new SimulatedDisk(),
      logger: false,
      limits: { maxQueuedBytes: MIB, maxBodyBytes: MIB },
    });
    const producer = broker.createProducer();
    await producer.send({ topic: 'orders', body: 'first' });
    let peak = 0;
    const look = async (): Promise<void> => {
      peak = Math.max(peak, (await broker.admin.stats()).queuedBytes);
    };
    broker.events.on('sent', () => void look());
    let done = false;
    const looking = (async () => {
      while (!done) {
        await look();
        await turns(1);
      }
    })();
    const body = new Uint8Array(100 * 1024);
    await Promise.all(Array.from({ length: 300 }, () => producer.send({ topic: 'orders', body })));
    done = true;
    await looking;
    expect(peak).toBeGreaterThan(MIB / 2);
    expect(peak).toBeLessThanOrEqual(MIB);
    await broker.close();
  });
});
