import { expect, test } from 'vitest';
import { ManualClock, openTestBroker, SimulatedDisk } from '../src/testing/index.ts';

/** A unit waited for room like a send, so that an application which settles its messages in units could not empty a disk that was nearly full. */
test('below the floor of free space a unit that only acknowledges and deletes is committed, and one that stores something is refused', async () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const broker = await openTestBroker({ clock, storage: disk, limits: { minFreeDiskBytes: 1_600 } });
  await broker.createProducer().send({ topic: 'orders', body: 'x' });
  await broker.atomic((unit) => unit.put('draft', 'x'));
  const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  const messages = await consumer.receive();
  disk.freeBytes = 1;
  // The broker looks when it has written some.
  await broker.admin.createTopic('noise');
  await broker.settle();
  const diskFull = expect.objectContaining({ code: 'MQ_DISK_FULL' });
  await expect(broker.atomic((unit) => unit.put('more', 'x'))).rejects.toThrow(diskFull);
  await expect(broker.atomic((unit) => unit.send({ topic: 'orders', body: 'x' }))).rejects.toThrow(diskFull);
  await broker.atomic((unit) => {
    unit.ack(messages);
    unit.delete('draft');
  });
  expect(await broker.store.get('draft')).toBeUndefined();
  expect(await broker.admin.getGroupProgress('g')).toMatchObject([{ lag: 0 }, { lag: 0 }, { lag: 0 }, { lag: 0 }]);
  await broker.close();
});
