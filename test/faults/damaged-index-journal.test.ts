import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Broker, type Damage, type MessageView } from '../../src/index.ts';

// LevelDB drops the records of its own journal that it cannot read, goes on behind them, and says so only in its report. A bit that flipped in the
// journal of the index took the values of a checkpoint that was larger than 32 KiB and left the checkpoint, which is written behind them: the broker
// opened without topics, groups, messages and values, and without a word.

const LARGE = 'v'.repeat(100_000);
let location: string;

beforeEach(() => {
  location = mkdtempSync(join(tmpdir(), 'pocketmq-journal-'));
});
afterEach(() => rmSync(location, { recursive: true, force: true }));

/** Flips one bit in the newest journal of the index, at a share of its length. */
function flip(share: number): void {
  const folder = join(location, 'index');
  const journal = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1);
  const path = join(folder, journal ?? '');
  const bytes = readFileSync(path);
  expect(bytes.length).toBeGreaterThan(LARGE.length);
  const at = Math.floor(bytes.length * share);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

async function fill(): Promise<void> {
  const broker = await Broker.open({ location });
  await broker.admin.createGroup('group');
  const producer = broker.createProducer();
  await producer.sendBatch([
    { topic: 'things', body: 'first' },
    { topic: 'things', body: 'second' },
  ]);
  const consumer = await broker.createSimpleConsumer({ group: 'group', subscriptions: { things: '*' } });
  const messages: MessageView[] = [];
  while (messages.length < 2) messages.push(...(await consumer.receive({ awaitDurationMs: 1_000 })));
  await consumer.ack(messages.filter((message) => message.text() === 'first'));
  await broker.atomic((unit) => unit.put('large', LARGE));
  await broker.close();
}

test.each([0.1, 0.5, 0.8])('a bit that flipped at %d of the journal of the index has the index built anew, and is told', async (share) => {
  await fill();
  flip(share);
  const broker = await Broker.open({ location, logger: false });
  try {
    const damages: Damage[] = [];
    broker.events.on('damage', (damage) => damages.push(damage));
    await sleep(10);
    expect(damages).toMatchObject([{ kind: 'corruptIndex', store: 'index' }]);
    expect(new TextDecoder().decode(await broker.store.get('large'))).toBe(LARGE);
    const consumer = await broker.createSimpleConsumer({ group: 'group', subscriptions: { things: '*' } });
    const messages = await consumer.receive({ awaitDurationMs: 1_000 });
    expect(messages.map((message) => message.text())).toEqual(['second']);
  } finally {
    await broker.close();
  }
});
