import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker, isBrokerError, type MessageView, type SimpleConsumer } from '../../src/index.ts';
import { TmpfsDisk, whyNoSmallDisk } from './tmpfs-disk.ts';

const reason = whyNoSmallDisk();
const MEBIBYTE = 1_048_576;
let folder: string;
let disk: TmpfsDisk;

async function receiveAll(consumer: SimpleConsumer): Promise<MessageView[]> {
  const all: MessageView[] = [];
  for (let views = await consumer.receive(); views.length > 0; views = await consumer.receive()) all.push(...views);
  return all;
}

// A skipped suite says why in its name.
describe.skipIf(reason !== undefined)(`a full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, { timeout: 90_000 }, () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pocketmq-full-'));
    disk = new TmpfsDisk(folder, 300);
  });
  afterEach(() => {
    disk.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['no byte', 0],
    ['some hundred kilobytes', 300_000],
    ['less than the floor', 40 * MEBIBYTE],
  ])('with %s left refuses sends, takes acknowledgements, heals when there is room, and loses nothing', async (_what, leaveBytes) => {
    const location = join(disk.mountPoint, 'store');
    const broker = await Broker.open({ location, logger: false });
    const producer = broker.createProducer({ maxAttempts: 1, timeoutMs: 20_000 });
    const options = { group: 'g', subscriptions: { orders: '*' }, awaitDurationMs: 0 } as const;
    const consumer = await broker.createSimpleConsumer(options);
    const sent = new Set<string>();
    const codes = new Set<string>();
    const send = async (durability: 'sync' | 'async'): Promise<boolean> => {
      try {
        sent.add((await producer.send({ topic: 'orders', body: 'x'.repeat(20_000) }, { durability })).messageId);
        return true;
      } catch (error) {
        if (!isBrokerError(error)) throw error;
        codes.add(error.code);
        return false;
      }
    };
    for (let i = 0; i < 100; i++) await send(i % 2 === 0 ? 'sync' : 'async');
    expect(codes).toEqual(new Set());
    const held = await consumer.receive({ maxMessages: 30 });
    // The ballast is reserved a second after the opening.
    await sleep(1_500);
    disk.fill(leaveBytes);

    for (let i = 0; i < 1_200; i++) await send(i % 2 === 0 ? 'sync' : 'async');
    expect([...codes]).toEqual(['MQ_DISK_FULL']);
    expect(await send('sync')).toBe(false);
    const acked = new Set<string>();
    for (const view of held) {
      await consumer.ack(view);
      acked.add(view.messageId);
    }
    expect((await consumer.receive({ maxMessages: 5 })).length).toBeGreaterThan(0);

    disk.empty();
    let heals = false;
    for (let tries = 0; tries < 100 && !heals; tries++) {
      heals = await send('sync');
      if (!heals) await sleep(100);
    }
    expect(heals).toBe(true);
    for (let i = 0; i < 100; i++) await send(i % 2 === 0 ? 'sync' : 'async');
    expect([...codes]).toEqual(['MQ_DISK_FULL']);
    await broker.close();

    const again = await Broker.open({ location, logger: false });
    const verify = await again.createSimpleConsumer({ ...options, group: 'verify' });
    const stored = new Set((await receiveAll(verify)).map(({ messageId }) => messageId));
    expect([...sent].filter((id) => !stored.has(id))).toEqual([]);
    const redelivered = await receiveAll(await again.createSimpleConsumer(options));
    expect(redelivered.filter(({ messageId }) => acked.has(messageId))).toEqual([]);
    expect(redelivered).toHaveLength(stored.size - acked.size);
    await again.close();
  });
});
