import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker, type MessageView } from '../../src/index.ts';
import { Block, sequenceOfKey } from '../../src/storage/log/block.ts';
import { RECORD } from '../../src/storage/log/record-kinds.ts';
import { ManualClock } from '../../src/testing/index.ts';

interface ExpectedMessage {
  readonly name: string;
  readonly messageId: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly keys: readonly string[];
  readonly body: string;
  readonly properties: readonly [string, string][];
  readonly tag?: string;
  readonly messageGroup?: string;
}

interface ExpectedGroup {
  readonly group: string;
  readonly topic: string;
  readonly subscription: string;
  /** Names and attempts of what it gets now. */
  readonly available: readonly [string, number][];
  readonly waiting?: number;
  /** Names, attempts and reasons. */
  readonly dead: readonly [string, number, string | null][];
}

interface Expected {
  readonly madeAtMs: number;
  readonly messages: readonly ExpectedMessage[];
  readonly groups: readonly ExpectedGroup[];
}

const here = fileURLToPath(new URL('.', import.meta.url));
const fixtures = join(here, 'fixtures');
const stores = readdirSync(fixtures).flatMap((version) => [
  { version, ending: 'closed' as const },
  { version, ending: 'killed' as const },
]);

let location: string;
let broker: Broker;
let expected: Expected;

async function receiveAll(group: string, topic: string, subscription: string): Promise<MessageView[]> {
  const consumer = await broker.createSimpleConsumer({ group, subscriptions: { [topic]: subscription }, awaitDurationMs: 0 });
  const all: MessageView[] = [];
  // One round a message: the successors of a message group, and what was in flight at a kill, come one by one.
  for (let views = await consumer.receive(); views.length > 0; views = await consumer.receive()) {
    all.push(...views);
    await consumer.ack(views);
  }
  await consumer.close();
  return all;
}

function byName<T>(pairs: readonly (readonly [string, ...T[]])[]): (readonly [string, ...T[]])[] {
  return pairs.toSorted(([left], [right]) => (left < right ? -1 : 1));
}

test('there is a fixture of the first format', () => {
  expect(stores).toContainEqual({ version: 'v1', ending: 'closed' });
});

describe.each(stores)('a store of format $version that was $ending', ({ version, ending }) => {
  beforeEach(async () => {
    location = mkdtempSync(join(tmpdir(), 'pocketmq-format-'));
    cpSync(join(fixtures, version, ending), location, { recursive: true });
    const both = JSON.parse(readFileSync(join(fixtures, version, 'expected.json'), 'utf8')) as Record<'closed' | 'killed', Expected>;
    expected = both[ending];
    broker = await Broker.open({ location, logger: false, clock: new ManualClock({ startAtMs: expected.madeAtMs + 60_000 }) });
  });
  afterEach(async () => {
    await broker.close();
    rmSync(location, { recursive: true, force: true });
  });

  test('opens without damage', async () => {
    const damages: unknown[] = [];
    broker.events.on('damage', (damage) => damages.push(damage));
    await Promise.resolve();
    expect(damages).toEqual([]);
  });

  test('has every message as it was sent', async () => {
    const views = await receiveAll('new', 'shapes', '*');
    const found = views.map((view) => ({
      name: view.keys[0],
      messageId: view.messageId,
      queueId: view.queueId,
      queueOffset: view.queueOffset,
      keys: view.keys,
      body: Buffer.from(view.body).toString('base64'),
      properties: Object.entries(view.properties),
      ...(view.tag === undefined ? {} : { tag: view.tag }),
      ...(view.messageGroup === undefined ? {} : { messageGroup: view.messageGroup }),
    }));
    const place = ({ queueId, queueOffset }: { queueId: number; queueOffset: number }): number => queueId * 1_000 + queueOffset;
    expect(found.toSorted((left, right) => place(left) - place(right))).toEqual(
      expected.messages.toSorted((left, right) => place(left) - place(right)),
    );
    expect(found).toHaveLength(14);
  });

  test('has its topics and groups, and not those that were deleted', async () => {
    const topics = (await broker.admin.listTopics()).items;
    expect(topics.map(({ name, type, queueCount }) => ({ name, type, queueCount }))).toEqual([
      { name: 'grown', type: 'fifo', queueCount: 3 },
      { name: 'shapes', type: 'mixed', queueCount: 2 },
    ]);
    const { admin } = broker;
    expect(await admin.getGroup('deleted')).toBeUndefined();
    expect(await admin.getGroup('states')).toMatchObject({ ordered: true, maxAttempts: 3, kind: 'push/simple' });
    expect(await admin.getGroup('exponential')).toMatchObject({
      ordered: false,
      paused: true,
      startFrom: 'latest',
      retryPolicy: { kind: 'exponential', initialMs: 10, maxMs: 1_000, multiplier: 2 },
    });
  });

  test('has every group where it stood', async () => {
    for (const { group, topic, subscription, available, waiting = 0, dead } of expected.groups) {
      const { items } = await broker.admin.listDeadLetters(group);
      expect(byName(items.map(({ message, attempts }) => [message.keys[0] ?? '', attempts])), group).toEqual(
        byName(dead.map(([name, attempts]) => [name, attempts])),
      );
      for (const [name, , reason] of dead) {
        if (typeof reason === 'string') expect(items.find(({ message }) => message.keys[0] === name)?.reason).toBe(reason);
      }
      const views = await receiveAll(group, topic, subscription);
      expect(byName(views.map((view) => [view.keys[0] ?? '', view.deliveryAttempt])), group).toEqual(byName(available));
      const progress = await broker.admin.getGroupProgress(group);
      expect(
        progress.reduce((sum, { lag }) => sum + lag, 0),
        group,
      ).toBe(waiting);
      expect(
        progress.reduce((sum, { delayedRetries }) => sum + delayedRetries, 0),
        group,
      ).toBe(waiting);
    }
  });

  test('gives new messages the next offsets', async () => {
    const { queueId, queueOffset } = await broker.createProducer().send({ topic: 'shapes', body: 'new', messageGroup: 'customer-1' });
    const queue = expected.messages.filter((message) => message.queueId === queueId);
    expect(expected.messages.find(({ name }) => name === 'first')?.queueId).toBe(queueId);
    expect(queueOffset).toBe(Math.max(...queue.map((message) => message.queueOffset)) + 1);
  });
});

test('the fixtures together hold every kind of record that this version writes', async () => {
  const kinds = new Set<number>();
  for (const fixture of ['fixtures/v1/killed', 'later-kinds/killed']) {
    location = mkdtempSync(join(tmpdir(), 'pocketmq-format-'));
    cpSync(join(here, fixture, 'log'), location, { recursive: true });
    const log = new ClassicLevel<Uint8Array, Uint8Array>(location, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    for await (const [key, value] of log.iterator()) {
      const block = Block.read(new Uint8Array(value), sequenceOfKey(new Uint8Array(key)), (bytes) => crc32(bytes));
      for (let number = 0; number < block.records; number++) kinds.add(block.record(number).kind);
    }
    await log.close();
    rmSync(location, { recursive: true, force: true });
  }
  const reserved = new Set<number>([RECORD.stateSnapshot, RECORD.dedupKeys, RECORD.moved, RECORD.droppedRange]);
  const written = Object.entries(RECORD).filter(([, kind]) => !reserved.has(kind));
  expect(written.filter(([, kind]) => !kinds.has(kind))).toEqual([]);
});

test('the fixtures are small enough to be cloned for ever', () => {
  for (const version of readdirSync(fixtures)) {
    const files = readdirSync(join(fixtures, version), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    expect(bytes, version).toBeLessThan(200_000);
  }
});
