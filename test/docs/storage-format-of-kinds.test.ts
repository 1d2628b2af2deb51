import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { Broker, type MessageView, type Transaction } from '../../src/index.ts';
import { entriesOf, fnv1a64, hex, Reader, recordsOf, type Store } from './format-reader.ts';

// What the reader that was written from docs/storage-format.md alone reads of every kind of message, of units and of values.

const DUE_AT_MS = Date.now() + 3_600_000;
const DAY_MS = 86_400_000;
let location: string;
let log: Store;
let index: Store;
let pending: Transaction;
let committed: Transaction;
let rolledBack: Transaction;

interface Found {
  readonly content: Reader;
  readonly position: number;
}

beforeAll(async () => {
  location = mkdtempSync(path.join(tmpdir(), 'pocketmq-format-'));
  const broker = await Broker.open({ location, logger: false, transaction: { checkImmunityMs: 0 } });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  await broker.admin.createTopic('urgent', { queueCount: 2, type: 'priority' });
  const producer = broker.createProducer({ topics: ['orders'] });
  await producer.send({ topic: 'orders', body: 'later', deliverAtMs: DUE_AT_MS, messageGroup: 'ada', ttlMs: DAY_MS });
  const { recallHandle = '' } = await producer.send({ topic: 'orders', body: 'never', delayMs: DAY_MS, dedupKey: 'once' });
  await producer.recall('orders', recallHandle);
  await producer.send({ topic: 'orders', body: 'soon', delayMs: 1 });
  while ((await broker.admin.getTopic('orders'))?.delayed !== 1) await delay(5);
  await producer.send({ topic: 'urgent', body: 'x', priority: 7, dedupKey: 'twice' });
  [pending, committed, rolledBack] = [producer.beginTransaction(), producer.beginTransaction(), producer.beginTransaction()];
  for (const transaction of [committed, rolledBack, pending]) await transaction.send({ topic: 'orders', body: 'half' });
  await committed.commit();
  await rolledBack.rollback();
  await broker.atomic((unit) => {
    unit.put('order/ä', 'placed');
    unit.delete('draft');
  });
  const polling = await broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } });
  const views: MessageView[] = [];
  while (views.length < 2) views.push(...(await polling.poll()));
  await polling.commit();
  const checker = broker.createProducer({ transactionChecker: () => 'unknown' });
  while ((await broker.admin.listTransactions()).items[0]?.checks === 0) await delay(5);
  await checker.close();
  await broker.close();
  log = await entriesOf(location, 'log');
  index = await entriesOf(location, 'index');
  return () => rmSync(location, { recursive: true, force: true });
});

/** Every record of a kind, without its number. */
function records(wanted: number): Found[] {
  const found: Found[] = [];
  for (const [key, block] of log)
    for (const [number, { kind, content }] of [...recordsOf(block)].entries())
      if (kind === wanted) found.push({ content: new Reader(content), position: Number.parseInt(key, 16) * 65_536 + number });
  return found;
}

function only(kind: number): Found {
  const [found, ...others] = records(kind);
  expect(others).toEqual([]);
  return found as Found;
}

/** The content of the one value below a prefix, and its key behind that. */
function value(prefix: string): { key: string; content: Reader } {
  const found = [...index].filter(([key]) => key.startsWith(prefix));
  expect(found).toHaveLength(1);
  const [[key, bytes]] = found as [[string, Buffer]];
  return { key: key.slice(prefix.length), content: new Reader(bytes.subarray(13)) };
}

const hashOf = (text: string): number[] => [Number(fnv1a64(text) >> 32n), Number(fnv1a64(text) & 0xffffffffn)];

/** Goes past the beginning of a message without tag, keys and properties; answers what its extension begins with. */
function extensionOf(content: Reader, group?: string): number {
  expect([content.u32(), content.u16(), content.u16()]).toEqual([1, 0, group === undefined ? 32 : 34]);
  expect(content.u64()).toBe(0);
  content.raw(8 + 17);
  if (group !== undefined) expect([content.u32(), content.u32(), content.shortText()]).toEqual([...hashOf(group), group]);
  content.u32();
  return content.u8();
}

describe('the log', () => {
  test('has delay messages with their time', () => {
    const [later, never, soon] = records(30) as [Found, Found, Found];
    expect(extensionOf(later.content, 'ada')).toBe(1 + 4);
    expect([later.content.u64(), later.content.u64()]).toEqual([DUE_AT_MS, DAY_MS]);
    expect(later.content.rest().toString()).toBe('later');
    expect(extensionOf(never.content)).toBe(1 + 2 + 8);
    const dueAtMs = never.content.u64();
    expect([never.content.u64(), never.content.u32(), never.content.u32(), never.content.shortText()]).toEqual([
      DAY_MS,
      ...hashOf('once'),
      'once',
    ]);
    expect(extensionOf(soon.content)).toBe(1 + 2);

    const { content: recall } = only(32);
    expect([recall.u8(), recall.u64(), recall.u64(), recall.u32()]).toEqual([2, dueAtMs, never.position, 1]);
    expect([recall.u32(), recall.u32()]).toEqual(hashOf('once'));
  });

  test('has pointers to what waited', () => {
    const [due, half] = records(31).map(({ content }) => {
      expect([content.u32(), content.u16()]).toEqual([1, 0]);
      const [offset, target] = [content.u64(), content.u64()];
      expect([content.u32(), content.u32(), content.u32()]).toEqual([0, 0, 0]);
      return { offset, target, origin: content.u8(), dueAtMs: content.u64() };
    });
    expect(due).toMatchObject({ offset: 0, target: records(30)[2]?.position, origin: 2 });
    expect(half).toEqual({ offset: 1, target: records(33)[0]?.position, origin: 3, dueAtMs: 0 });
  });

  test('has transactions, their ends and their checks', () => {
    for (const [number, { content }] of records(33).entries()) {
      expect(extensionOf(content)).toBe(16);
      expect(content.raw(17).toString('hex').toUpperCase()).toBe([committed, rolledBack, pending][number]?.transactionId);
      expect(content.rest().toString()).toBe('half');
    }
    const ends = records(34).map(({ content }) => [content.raw(17).toString('hex').toUpperCase(), content.u8()]);
    expect(ends).toEqual([
      [committed.transactionId, 1],
      [rolledBack.transactionId, 2],
    ]);
    const { content: check } = only(35);
    expect([check.raw(17).toString('hex').toUpperCase(), check.u32()]).toEqual([pending.transactionId, 1]);
    expect(Math.abs(check.u64() - Date.now() - 30_000)).toBeLessThan(60_000);
    expect(check.u8()).toBe(0);
  });

  test('has values of the application, and positions of pull groups', () => {
    const { content: put } = only(40);
    expect([put.shortText(), put.rest().toString()]).toEqual(['order/ä', 'placed']);
    const { content: deletion } = only(41);
    expect([deletion.shortText(), deletion.rest().length]).toEqual(['draft', 0]);
    const { content: position } = only(60);
    expect([position.u32(), position.u32(), position.u16(), position.u64()]).toEqual([1, 1, 0, 2]);
  });

  test('keeps each priority of a queue in a queue of its own', () => {
    const { content } = only(1);
    expect(content.u32()).toBe(2);
    const storedQueue = content.u16();
    expect([7, 17]).toContain(storedQueue);
    expect([...index.keys()].filter((key) => key.startsWith(`10${hex(2, 4)}`))).toEqual([
      `10${hex(2, 4)}${hex(storedQueue, 2)}${hex(0, 8)}`,
    ]);
  });
});

describe('the index', () => {
  test('has what waits for its time, and how much of it', () => {
    const { key, content } = value('40');
    expect(key).toBe(`01${hex(DUE_AT_MS, 8)}${hex(records(30)[0]?.position ?? 0, 8)}`);
    expect([content.u32(), content.u16(), content.u32(), content.u32(), content.u32()]).toEqual([1, 0, 0, ...hashOf('ada')]);
    expect(value(`41${hex(1, 4)}`).content.u64()).toBe(1);
  });

  test('has where the clocks stood when the newest message with a delay was sent', () => {
    const { key, content } = value('43');
    expect(key).toBe('');
    const [wallMs, delayMs] = [content.u64(), content.u64()];
    expect(Math.abs(Date.now() - wallMs)).toBeLessThan(60_000);
    expect(Math.abs(delayMs - wallMs)).toBeLessThan(1_000);
  });

  test('has the transaction that is not ended', () => {
    const { key, content } = value('42');
    expect([key.toUpperCase(), content.shortText()]).toEqual([pending.transactionId, pending.transactionId]);
    const { halves, ...facts } = JSON.parse(content.longText());
    expect(Object.keys(facts).sort()).toEqual(['beganAtMs', 'checks', 'lastHalfAtMs', 'nextCheckAtMs', 'parked']);
    const position = records(33)[2]?.position;
    expect(halves).toEqual([{ position, topicId: 1, queueId: 0, tagHash: 0, groupHigh: 0, groupLow: 0 }]);
  });

  test('has dedup keys by the minute in which their windows end', () => {
    const runs = [...index].filter(([key]) => key.startsWith('60'));
    const changes = runs.flatMap(([key, bytes]) => {
      const content = new Reader(bytes.subarray(13));
      const minute = Number.parseInt(key.slice(2, 18), 16);
      return Array.from({ length: content.u32() }, () => {
        const change = [content.u32(), content.u32(), content.u32(), content.u64()];
        expect(minute).toBe(Math.floor((content.u64() + 300_000) / 60_000));
        return [...change, content.u8()];
      });
    });
    const never = records(30)[1]?.position;
    expect(changes).toEqual([
      [1, ...hashOf('once'), never, 0],
      [1, ...hashOf('once'), never, 1],
      [2, ...hashOf('twice'), only(1).position, 0],
    ]);
  });

  test('has values of the application under their keys', () => {
    const { key, content } = value('70');
    expect([Buffer.from(key, 'hex').toString(), content.rest().toString()]).toEqual(['order/ä', 'placed']);
  });
});
