import { expect, test } from 'vitest';
import { openTestBroker, type TestBroker } from '../src/testing/index.ts';

const isApplicationValue = ([hexKey]: readonly [string, string]): boolean => hexKey.startsWith('70');

/** Keys of the application that the index on the disk has. */
function stored({ disk }: TestBroker): number {
  return disk?.dump('index').filter(isApplicationValue).length ?? 0;
}

test('many small values are written down before their bytes make a checkpoint due: in memory each is larger than in the log', async () => {
  const broker = await openTestBroker({ durability: 'async' });
  for (let first = 0; first < 210_000; first += 10_000) {
    await broker.atomic((unit) => {
      for (let key = first; key < first + 10_000; key++) unit.put(`k${key}`, '');
    });
  }
  await broker.settle();
  expect(stored(broker)).toBeGreaterThanOrEqual(200_000);
  await broker.close();
}, 60_000);
