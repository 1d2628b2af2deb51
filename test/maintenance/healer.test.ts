import { expect, test } from 'vitest';
import { Healer } from '../../src/maintenance/healer.ts';
import type { Directory } from '../../src/model/storage-provider.ts';
import type { Store } from '../../src/storage/store.ts';
import { ManualClock } from '../../src/testing/index.ts';

const ignore = (): void => undefined;
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

// A heal that had failed was to be tried again after a while, and the next failure started one at once: when the while was over, a second one opened the
// stores that the first had just opened, or was still opening.
test('one heal runs at a time, and none runs when the stores serve', async () => {
  const clock = new ManualClock();
  let heals = 0;
  let opened: () => void = () => undefined;
  const heal = (): Promise<void> => {
    if (++heals === 1) return Promise.reject(new Error('the disk is away'));
    return new Promise((resolve) => (opened = resolve));
  };
  const healer = new Healer({
    store: () => ({ heal, log: { refuseWaiting: () => undefined } }) as unknown as Store,
    directory: {} as Directory,
    clock,
    logger: SILENT,
    onState: () => undefined,
    onHealed: () => undefined,
  });
  healer.failed(new Error('a write was rejected'));
  await clock.advance(500);
  expect([heals, healer.failure?.code]).toEqual([1, 'MQ_STORE_WRITE_FAILED']);
  healer.failed(new Error('another one was rejected'));
  await clock.advance(60_000);
  expect(heals).toBe(2);
  opened();
  await clock.advance(60_000);
  expect([heals, healer.heals, healer.failure]).toEqual([2, 1, undefined]);
});
