import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';

// A process that was killed while LevelDB created the log, in its very first opening, left a folder without `CURRENT`. From then on every opening
// was refused as damage, although nothing had ever been stored.

/** In the order in which LevelDB writes them; the last one becomes `CURRENT` by being renamed. */
const WRITTEN: readonly (readonly [name: string, content: string])[] = [
  ['LOCK', ''],
  ['LOG', ''],
  ['MANIFEST-000001', 'any beginning of it'],
  ['000001.dbtmp', 'MANIFEST-000001\n'],
];

let location: string;

beforeEach(() => {
  location = mkdtempSync(path.join(tmpdir(), 'pocketmq-first-opening-'));
});

afterEach(() => {
  rmSync(location, { recursive: true, force: true });
});

function dieBehind(count: number): void {
  mkdirSync(path.join(location, 'log'));
  for (const [name, content] of WRITTEN.slice(0, count)) writeFileSync(path.join(location, 'log', name), content);
}

describe('a first opening that was killed', () => {
  test.each([0, 1, 2, 3, 4])('behind %i files of the log is done again', async (count) => {
    dieBehind(count);
    const broker = await Broker.open({ location, logger: false });
    await broker.createProducer().send({ topic: 'orders', body: 'x' });
    await broker.close();
    const again = await Broker.open({ location, logger: false });
    expect((await again.admin.getTopic('orders'))?.name).toBe('orders');
    await again.close();
  });

  test('is told from a log that has lost its CURRENT', async () => {
    dieBehind(4);
    writeFileSync(path.join(location, 'log', '000003.log'), 'data');
    await expect(Broker.open({ location, logger: false })).rejects.toMatchObject({ code: 'MQ_STORE_DAMAGED' });
    expect(readdirSync(path.join(location, 'log'))).toContain('000003.log');
  });
});
