import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';
import { entriesOf, fnv1a64, hex, Reader, recordsOf } from './format-reader.ts';

// What the reader that was written from docs/storage-format.md alone reads from a store is what was sent.

let location: string;

beforeEach(() => {
  location = mkdtempSync(path.join(tmpdir(), 'pocketmq-format-'));
});

afterEach(() => rmSync(location, { recursive: true, force: true }));

function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

async function storeOfOneMessage(): Promise<{ messageId: string; queueId: number }> {
  const broker = await Broker.open({ location, logger: false });
  await broker.admin.createTopic('orders', { queueCount: 8 });
  const receipt = await broker.createProducer().send({
    topic: 'orders',
    body: 'Grüße',
    tag: 'paid',
    keys: ['A-1', 'ä'],
    messageGroup: 'ada',
    properties: { shop: 'north' },
  });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  await consumer.ack(await consumer.receive());
  await broker.close();
  return receipt;
}

test('the log, read as its page says, has the message as it was sent', async () => {
  const { messageId, queueId } = await storeOfOneMessage();
  const marker = JSON.parse(readFileSync(path.join(location, 'broker.json'), 'utf8'));
  const { checksum, ...rest } = marker;
  expect(checksum).toBe(crc32(JSON.stringify(rest)));
  const log = await entriesOf(location, 'log');
  expect([...log.keys()]).toEqual(Array.from(log, (_, index) => hex(index + 1, 8)));
  expect(marker).toMatchObject({ format: 1, lowWater: log.size, clean: true });

  const messages: Buffer[] = [];
  const kinds = new Set<number>();
  for (const [key, block] of log) {
    expect(block.readUInt32LE(0)).toBe(crc32(block.subarray(4)));
    expect([block.readUInt8(4), block.readUInt8(5)]).toEqual([1, 0]);
    expect(hex(Number(block.readBigUInt64LE(8)), 8)).toBe(key);
    expect(hex(block.readUInt32LE(24), 4)).toBe(marker.storeId.slice(0, 8));
    const records = [...recordsOf(block)];
    expect(records.length).toBe(block.readUInt16LE(6));
    for (const { kind, content } of records) {
      kinds.add(kind);
      if (kind === 1) messages.push(content);
    }
  }
  expect([...kinds].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 10, 11]);

  const reader = new Reader(messages[0] as Buffer);
  expect([messages.length, reader.u32(), reader.u16()]).toEqual([1, 1, queueId]);
  expect(reader.u16()).toBe(1 + 2 + 4 + 8);
  expect(reader.u64()).toBe(0);
  expect(Math.abs(reader.u64() - Date.now())).toBeLessThan(60_000);
  expect(reader.raw(17).toString('hex').toUpperCase()).toBe(messageId);
  expect([reader.u32() | 0, reader.shortText()]).toEqual([javaHashCode('paid'), 'paid']);
  const hash = fnv1a64('ada');
  expect([reader.u32(), reader.u32(), reader.shortText()]).toEqual([Number(hash >> 32n), Number(hash & 0xffffffffn), 'ada']);
  expect(Number(((hash >> 32n) ^ (hash & 0xffffffffn)) % 8n)).toBe(queueId);
  expect([reader.u16(), reader.shortText(), reader.shortText()]).toEqual([2, 'A-1', 'ä']);
  expect([reader.u16(), reader.shortText(), reader.longText()]).toEqual([1, 'shop', 'north']);
  expect(reader.rest().toString()).toBe('Grüße');
});

test('the index, read as its page says, knows where the message lies and that it is settled', async () => {
  const { queueId } = await storeOfOneMessage();
  const index = await entriesOf(location, 'index');
  for (const [key, value] of index) {
    expect(value.readUInt32LE(0)).toBe(crc32(Buffer.concat([Buffer.from(key, 'hex'), value.subarray(4)])));
    expect(value.readUInt8(4)).toBe(1);
  }
  const contentOf = (key: string): Reader => new Reader((index.get(key) as Buffer).subarray(13));
  expect(JSON.parse(contentOf(`02${hex(1, 4)}`).longText())).toMatchObject({ what: 'topic', record: { name: 'orders', topicId: 1 } });
  expect(JSON.parse(contentOf(`03${hex(1, 4)}`).longText())).toMatchObject({ what: 'group', record: { name: 'billing', groupId: 1 } });
  const subscription = `04${hex(1, 4)}${Buffer.from('orders').toString('hex')}`;
  expect(JSON.parse(contentOf(subscription).longText())).toMatchObject({ what: 'subscription', record: { topicName: 'orders' } });

  const queue = contentOf(`10${hex(1, 4)}${hex(queueId, 2)}${hex(0, 8)}`);
  expect([queue.u32(), queue.raw(1)[0]]).toEqual([1, 3]);
  const position = queue.u64();
  const block = (await entriesOf(location, 'log')).get(hex(Math.floor(position / 65_536), 8)) as Buffer;
  expect([...recordsOf(block)][position % 65_536]?.kind).toBe(1);
  expect(queue.u32() | 0).toBe(javaHashCode('paid'));
  expect([queue.u32(), queue.u32()]).toEqual([Number(fnv1a64('ada') >> 32n), Number(fnv1a64('ada') & 0xffffffffn)]);

  const progress = contentOf(`20${hex(1, 4)}${hex(1, 4)}${hex(queueId, 2)}`);
  expect([progress.u64(), progress.u64()]).toEqual([1, 1]);
  expect([...index.keys()].filter((key) => key.startsWith('22'))).toEqual([]);
});
