import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';

let folder: string;
let location: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pocketmq-format-'));
  location = join(folder, 'store');
  const broker = await Broker.open({ location });
  await broker.createProducer().send({ topic: 'orders', body: 'one' });
  await broker.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Every file with its content and its time. */
function contentOf(path: string): [name: string, content: string, changedMs: number][] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((name) => [name, readFileSync(name).toString('base64'), statSync(name).mtimeMs]);
}

describe('a directory that this version cannot read', () => {
  test('because its format is newer is refused and left as it is', async () => {
    const path = join(location, 'broker.json');
    const { checksum, ...marker } = JSON.parse(readFileSync(path, 'utf8')) as { format: number; checksum: number };
    expect(checksum).toBe(crc32(JSON.stringify(marker)));
    const newer = { ...marker, format: 2 };
    writeFileSync(path, JSON.stringify({ ...newer, checksum: crc32(JSON.stringify(newer)) }));
    const before = contentOf(location);
    await expect(Broker.open({ location })).rejects.toMatchObject({ code: 'MQ_STORE_FORMAT_UNSUPPORTED', retryable: false });
    expect(contentOf(location)).toEqual(before);
  });

  test('because its newer marker has fields that nobody knows is refused and left as it is', async () => {
    const path = join(location, 'broker.json');
    const { checksum: _, ...marker } = JSON.parse(readFileSync(path, 'utf8')) as { format: number; checksum: number };
    const newer = { ...marker, format: 3, shards: 8 };
    writeFileSync(path, JSON.stringify({ ...newer, checksum: crc32(JSON.stringify(newer)) }));
    const before = contentOf(location);
    await expect(Broker.open({ location })).rejects.toMatchObject({ code: 'MQ_STORE_FORMAT_UNSUPPORTED' });
    expect(contentOf(location)).toEqual(before);
  });

  test('because its log belongs to another store is refused', async () => {
    const other = join(folder, 'other');
    const broker = await Broker.open({ location: other });
    await broker.createProducer().send({ topic: 'orders', body: 'another' });
    await broker.close();
    rmSync(join(location, 'log'), { recursive: true });
    cpSync(join(other, 'log'), join(location, 'log'), { recursive: true });
    await expect(Broker.open({ location })).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
  });

  test('because it is a file is a wrong call', async () => {
    await expect(Broker.open({ location: join(location, 'broker.json') })).rejects.toMatchObject({ code: 'MQ_ILLEGAL_ARGUMENT' });
  });
});
