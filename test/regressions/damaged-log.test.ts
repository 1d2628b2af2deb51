import { beforeEach, describe, expect, test } from 'vitest';
import { toHex } from '../../src/model/hex.ts';
import { ManualClock, openTestBroker, SimulatedDisk, seededRandom, type TestBroker } from '../../src/testing/index.ts';

// A block of the log is damaged. What was recorded of the message that is gone, and whoever asks for it, must not touch what is there.

let disk: SimulatedDisk;
let clock: ManualClock;
let broker: TestBroker;

beforeEach(async () => {
  disk = new SimulatedDisk();
  clock = new ManualClock();
  broker = await openTestBroker({ clock, storage: disk, logger: false });
  return () => broker.close({ deadlineMs: 0 });
});

/** Damages the block that holds a text while the broker is closed. */
async function damage(text: string): Promise<void> {
  await broker.close();
  const wanted = toHex(new TextEncoder().encode(text));
  const holding = disk.dump('log').findIndex(([, value]) => value.toUpperCase().includes(wanted.toUpperCase()));
  expect(holding).toBeGreaterThanOrEqual(0);
  disk.corrupt('log', holding, 'flip', seededRandom(1));
}

async function received(topic: string): Promise<string[]> {
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { [topic]: '*' } });
  const messages = await consumer.receive({ awaitDurationMs: 0 });
  return messages.map((message) => message.text()).sort();
}

describe('a delay message whose block is damaged', () => {
  // Its recall, or its pointer, was counted off all the same. A count of 0 said at the next opening that nothing waited: the other message never came.
  test.each(['was recalled', 'came due'])('and that %s takes no other that waits with it', async (fate) => {
    const producer = broker.createProducer();
    const { recallHandle = '' } = await producer.send({ topic: 'reminders', body: 'damaged', delayMs: 1_000 });
    await producer.send({ topic: 'reminders', body: 'whole', delayMs: 60_000 });
    if (fate === 'was recalled') await producer.recall('reminders', recallHandle);
    else await clock.advance(1_000);
    await damage('damaged');
    // It is built anew, from what is left.
    disk.deleteStore('index');
    await broker.reopen();
    expect((await broker.admin.getTopic('reminders'))?.delayed).toBe(1);
    await broker.close();
    await broker.reopen();
    await clock.advance(60_000);
    expect(await received('reminders')).toEqual(['whole']);
  });

  // One damaged message rejected every page of its topic.
  test('is left out of the list of what waits, and reported', async () => {
    const producer = broker.createProducer();
    await producer.send({ topic: 'reminders', body: 'damaged', delayMs: 1_000 });
    await producer.send({ topic: 'reminders', body: 'whole', delayMs: 60_000 });
    await damage('damaged');
    await broker.reopen();
    const reports: string[] = [];
    broker.events.on('damage', ({ kind }) => reports.push(kind));
    const { items } = await broker.admin.listDelayed('reminders', { limit: 1 });
    expect(items.map(({ message }) => message.text())).toEqual(['whole']);
    expect(reports).toEqual(['corruptBlock']);
  });
});
