import { expect, test } from 'vitest';
import type { Damage } from '../../src/index.ts';
import { refuses, sortedTexts, texts } from '../../src/testing/contract/scene.ts';
import { FaultPlan, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';
import { openScene } from './open-scene.ts';

/** Consume queues, as their keys begin in the index. */
const isQueue = ([key]: readonly [string, string]): boolean => key.startsWith('10');
const isCheckpoint = ([key]: readonly [string, string]): boolean => key === '01';

test('11. a message that was in the log when the process was killed, whatever the index had of it, is there once', async () => {
  for (const written of ['nothing', 'the queue, and no checkpoint']) {
    const failures = new FaultPlan();
    const disk = new SimulatedDisk();
    const { scene, broker, clock } = await openScene({ storage: disk, failures });
    await scene.send({ body: 'x' });
    if (written !== 'nothing') {
      failures.failWrite('index', 2);
      await clock.advance(5_000);
    }
    await broker.crash();
    expect([disk.dump('index').some(isQueue), disk.dump('index').some(isCheckpoint)]).toEqual([written !== 'nothing', false]);
    await broker.reopen();
    const consumer = await scene.simple();
    expect(texts(await scene.receive(consumer, 1)), written).toEqual(['x']);
    await scene.receiveNothing(consumer);
  }
});

test('12. a record that is damaged in the middle of the log is lost alone, and reported', async () => {
  const disk = new SimulatedDisk();
  const { scene, broker } = await openScene({ storage: disk });
  for (const body of ['first', 'second', 'third', 'fourth']) await scene.send({ body });
  await broker.close();
  const hexOf = (text: string): string => Buffer.from(text).toString('hex');
  const damaged = disk.dump('log').findIndex(([, value]) => value.includes(hexOf('second')));
  disk.corrupt('log', damaged, 'flip', seededRandom(1));
  await broker.reopen();
  const reports: Damage[] = [];
  broker.events.on('damage', (damage) => reports.push(damage));
  const consumer = await scene.simple();
  expect(sortedTexts(await scene.receive(consumer, 3))).toEqual(['first', 'fourth', 'third']);
  await scene.receiveNothing(consumer);
  expect(reports.map(({ kind, store }) => ({ kind, store }))).toEqual([{ kind: 'corruptBlock', store: 'log' }]);
});

test('20. a disk that is nearly full refuses sends by name, and takes acknowledgements', async () => {
  const disk = new SimulatedDisk();
  const { scene, broker, clock } = await openScene({ storage: disk, limits: { minFreeDiskBytes: 1024 ** 2 } });
  await scene.sendTexts(['a', 'b']);
  const consumer = await scene.simple();
  const [message] = await scene.receive(consumer, 2);
  disk.freeBytes = 1024;
  // The space is looked at again once a part of the floor has been written.
  await scene.send({ body: new Uint8Array(200_000).fill(1) });
  await clock.settle();
  await refuses('MQ_DISK_FULL', () => scene.send({ body: 'c' }));
  if (message !== undefined) await consumer.ack(message);
  expect((await broker.admin.stats()).unsettled).toBe(1);
  disk.freeBytes = 2 ** 40;
  await scene.eventually(
    () =>
      scene.send({ body: 'd' }).then(
        () => true,
        () => false,
      ),
    'sends to work again',
  );
});
