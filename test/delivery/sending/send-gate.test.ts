import { beforeEach, describe, expect, test } from 'vitest';
import type { DeliveryContext } from '../../../src/delivery/delivery-context.ts';
import { type GateOptions, SendGate } from '../../../src/delivery/sending/send-gate.ts';
import { BrokerError } from '../../../src/model/errors.ts';
import { StillClock } from '../../storage/still-clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let clock: StillClock;
let log: { queuedBytes: number; barriers: { lagMs: number } };
let holds: number;
let gate: SendGate;
let told: string[];

function gateOf(storage: 'disk' | 'memory'): SendGate {
  const process = {
    hold: () => {
      holds++;
      return () => {
        holds--;
      };
    },
    defer: setImmediate,
  };
  return new SendGate({ store: { log }, limits: { maxQueuedBytes: 100 }, storage, clock, process } as unknown as DeliveryContext);
}

/** A send that joins the log as soon as it is let in. */
async function send(name: string, bytes: number, options: Partial<GateOptions> = {}): Promise<void> {
  try {
    await gate.enter(bytes, { onFull: 'wait', timeoutMs: 1000, signal: undefined, ...options });
    told.push(name);
    log.queuedBytes += bytes;
  } catch (error) {
    told.push(`${name} ${(error as BrokerError).code}`);
  }
}

beforeEach(() => {
  clock = new StillClock();
  log = { queuedBytes: 0, barriers: { lagMs: 0 } };
  holds = 0;
  told = [];
  gate = gateOf('disk');
});

describe('the gate of sends', () => {
  test('lets in what fits, and one that is larger than the whole queue when it is empty', async () => {
    await send('large', 500);
    expect(told).toEqual(['large']);
    log.queuedBytes = 60;
    await send('fits', 40);
    void send('waits', 1);
    await turn();
    expect([told, holds, clock.timerCount]).toEqual([['large', 'fits'], 1, 1]);
    log.queuedBytes = 0;
    gate.released();
    await turn();
    expect([told.at(-1), holds, clock.timerCount]).toEqual(['waits', 0, 0]);
  });

  test('lets those who wait in by and by, in their order, and never more than there is room for', async () => {
    log.queuedBytes = 100;
    for (let i = 0; i < 20; i++) void send(`send ${i}`, 30);
    await turn();
    let most = 0;
    for (let commits = 0; commits < 20 && told.length < 20; commits++) {
      log.queuedBytes = 0;
      gate.released();
      gate.released();
      await turn();
      await turn();
      most = Math.max(most, log.queuedBytes);
    }
    expect(most).toBe(90);
    expect(told).toEqual(Array.from({ length: 20 }, (_, i) => `send ${i}`));
  });

  test('lets nobody overtake those who wait', async () => {
    log.queuedBytes = 90;
    void send('large', 80);
    void send('small', 1);
    await turn();
    expect([told, gate.isOpen(1)]).toEqual([[], false]);
    log.queuedBytes = 20;
    gate.released();
    await turn();
    expect(told).toEqual(['large']);
  });

  test('goes on with the next when one that was let in did not come', async () => {
    log.queuedBytes = 100;
    const entered = gate.enter(100, { onFull: 'wait', timeoutMs: 1000, signal: undefined });
    void send('next', 100);
    log.queuedBytes = 0;
    gate.released();
    await entered;
    expect(told).toEqual([]);
    await turn();
    await turn();
    expect(told).toEqual(['next']);
  });

  test('refuses at once where that was asked for, after the time that was given, and when the signal is aborted', async () => {
    log.queuedBytes = 100;
    await send('hasty', 1, { onFull: 'reject' });
    expect(told).toEqual(['hasty MQ_BACKPRESSURE']);
    const controller = new AbortController();
    void send('patient', 1, { timeoutMs: 500 });
    void send('aborted', 1, { signal: controller.signal });
    void send('last', 1, { timeoutMs: 700 });
    controller.abort();
    clock.advance(500);
    await turn();
    expect(told.slice(1).sort()).toEqual(['aborted MQ_ABORTED', 'patient MQ_REQUEST_TIMEOUT']);
    gate.refuseAll(new BrokerError('MQ_BROKER_NOT_OPEN', 'closing'));
    await turn();
    expect([told.at(-1), clock.timerCount, holds]).toEqual(['last MQ_BROKER_NOT_OPEN', 0, 0]);
  });

  test('is shut while the disk is nearly full, and while too much waits for a barrier', async () => {
    gate.refusal = () => new BrokerError('MQ_DISK_FULL', 'full');
    await send('refused', 1);
    gate.refusal = undefined;
    log.barriers.lagMs = 1000;
    void send('later', 1);
    await turn();
    expect(told).toEqual(['refused MQ_DISK_FULL']);
    log.barriers.lagMs = 999;
    gate.released();
    await turn();
    expect(told.at(-1)).toBe('later');
    log.barriers.lagMs = 5000;
    gate = gateOf('memory');
    await send('in memory', 1);
    expect(told.at(-1)).toBe('in memory');
  });

  test('lets a hundred thousand in without looking at all of them for each', async () => {
    log.queuedBytes = 100;
    const sends = Array.from({ length: 100_000 }, (_, i) => send(`${i}`, 0));
    log.queuedBytes = 0;
    gate.released();
    await Promise.all(sends);
    expect(told.length).toBe(100_000);
  }, 5000);
});
