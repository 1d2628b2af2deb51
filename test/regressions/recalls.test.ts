import { expect, test } from 'vitest';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';

// A recall handle named its message by its place in the log and its time. A power cut may take messages that were sent with `async`, and others get
// their places: the handle of one that was lost took another one back that was due at the same instant.
test('the handle of a message that a power cut took recalls no other one', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createTopic('later');
  const deliverAtMs = clock.now() + 3_600_000;
  const send = async (body: string): Promise<string> =>
    (await broker.createProducer().send({ topic: 'later', body, deliverAtMs }, { durability: 'async' })).recallHandle ?? '';
  const lost = [await send('a'), await send('b'), await send('c')];
  await broker.powerCut({ survivors: 'none' });
  await broker.reopen();
  const kept = [await send('d'), await send('e'), await send('f')];
  for (const handle of lost)
    await expect(broker.createProducer().recall('later', handle)).rejects.toThrow(expect.objectContaining({ code: 'MQ_RECALL_TOO_LATE' }));
  expect((await broker.admin.listDelayed('later')).items.map(({ message }) => message.text())).toEqual(['d', 'e', 'f']);
  for (const handle of kept) await broker.createProducer().recall('later', handle);
  await broker.close();
});

test('what waited in a deleted topic stays gone over checkpoints and reopenings, and nothing is left when its time has come', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  const producer = () => broker.createProducer();
  for (const delayMs of [30_000, 3_600_000]) await producer().send({ topic: 'work', body: 'old', delayMs });
  await producer().send({ topic: 'other', body: 'kept', delayMs: 3_600_000 });
  await clock.advance(10_000);
  await broker.admin.deleteTopic('work');
  await broker.crash();
  await broker.reopen();
  await broker.admin.createTopic('work');
  expect(await broker.admin.stats()).toMatchObject({ delayed: 1 });
  expect((await broker.admin.listDelayed('work')).items).toEqual([]);
  const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions: { work: '*', other: '*' }, awaitDurationMs: 0 });
  await clock.advance(2 * 3_600_000);
  await broker.settle();
  expect((await consumer.receive()).map((message) => message.text())).toEqual(['kept']);
  expect(await broker.admin.stats()).toMatchObject({ delayed: 0 });
  await broker.close();
  // Timers lie under the key 40.
  expect(broker.disk?.dump('index').filter(([key]) => key.startsWith('40'))).toEqual([]);
});
