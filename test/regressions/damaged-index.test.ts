import { expect, test } from 'vitest';
import type { AcquireOptions, Directory, StorageProvider } from '../../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// A value of the index was found damaged. Nothing is written to the index any more, so that memory keeps what the next opening builds it from anew.

/** Counts the checkpoints: each ends with a marker. */
class CountedDisk implements StorageProvider {
  readonly kind = 'disk';
  markers = 0;
  readonly disk = new SimulatedDisk();

  async acquire(options: AcquireOptions): Promise<Directory> {
    const directory = await this.disk.acquire(options);
    const write = directory.writeMarker.bind(directory);
    directory.writeMarker = (bytes) => {
      this.markers++;
      return write(bytes);
    };
    return directory;
  }
}

/** Damages the value of the application that is the first in the index. */
function damage(disk: SimulatedDisk): void {
  const place = disk.dump('index').findIndex(([key]) => key.startsWith('70'));
  disk.corrupt('index', place, 'flip', seededRandom(1));
}

// Its many values made a checkpoint due with each commit, which packed all of them and threw them away.
test('many values that can be written nowhere do not make a checkpoint due with each commit', async () => {
  const storage = new CountedDisk();
  const broker = await openTestBroker({ storage, durability: 'async', logger: false });
  await broker.atomic((unit) => unit.put('a', '1'));
  await broker.close();
  damage(storage.disk);
  await broker.reopen();
  await expect(broker.store.get('a')).rejects.toMatchObject({ code: 'MQ_STORE_CORRUPT' });
  for (let first = 0; first < 210_000; first += 10_000)
    await broker.atomic((unit) => {
      for (let key = first; key < first + 10_000; key++) unit.put(`k${key}`, '');
    });
  await broker.settle();
  const before = storage.markers;
  for (let number = 0; number < 10; number++) {
    await broker.atomic((unit) => unit.put('k', `${number}`));
    await broker.settle();
  }
  expect(storage.markers).toBe(before);
  await broker.close();
  await broker.reopen();
  expect(new TextDecoder().decode(await broker.store.get('k'))).toBe('9');
  await broker.close();
}, 60_000);

// The checkpoint that was being written brought back what the finding had removed: the next opening trusted the damaged index.
test('what is found damaged while a checkpoint is written has the index built anew all the same', async () => {
  const disk = new SimulatedDisk();
  const failures = new FaultPlan();
  const clock = new ManualClock();
  const broker = await openTestBroker({ storage: disk, failures, clock, logger: false });
  await broker.atomic((unit) => unit.put('a', '1'));
  await broker.close();
  damage(disk);
  await broker.reopen();
  await broker.atomic((unit) => unit.put('b', '2'));
  failures.freezeWrites();
  const passing = clock.advance(5_000);
  while (failures.waitingCount === 0) await turns();
  await expect(broker.store.get('a')).rejects.toMatchObject({ code: 'MQ_STORE_CORRUPT' });
  failures.thaw();
  await passing;
  await broker.settle();
  await broker.crash();
  await broker.reopen();
  expect(new TextDecoder().decode(await broker.store.get('a'))).toBe('1');
  await broker.close();
});
