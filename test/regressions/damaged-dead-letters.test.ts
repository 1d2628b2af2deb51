import { expect, test } from 'vitest';
import type { SimpleConsumer } from '../../src/index.ts';
import { toHex } from '../../src/model/hex.ts';
import type { TestBroker } from '../../src/testing/index.ts';
import { openTestBroker, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';

// One dead letter in a damaged block kept an administrator from seeing any of its page, and from redriving any of its group, others by their ids included.

/** A group with three dead letters; the block of the second is damaged. */
async function deadLetters(): Promise<{ broker: TestBroker; ids: Record<string, string>; damages: () => number }> {
  const disk = new SimulatedDisk();
  const broker = await openTestBroker({ storage: disk, logger: false });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  const ids: Record<string, string> = {};
  for (const body of ['first', 'damaged', 'third']) {
    ids[body] = (await broker.createProducer().send({ topic: 'orders', body })).messageId;
    for (const message of await consumer.receive({ awaitDurationMs: 0 })) await consumer.forwardToDeadLetter(message, 'poison');
  }
  await broker.close();
  const wanted = toHex(new TextEncoder().encode('damaged')).toUpperCase();
  const holding = disk.dump('log').findIndex(([, value]) => value.toUpperCase().includes(wanted));
  disk.corrupt('log', holding, 'flip', seededRandom(1));
  await broker.reopen();
  let damages = 0;
  broker.events.on('damage', () => damages++);
  return { broker, ids, damages: () => damages };
}

/** What a receive answers need not be of more than one queue. */
async function receiveAll(consumer: SimpleConsumer): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const messages = await consumer.receive({ maxMessages: 10, awaitDurationMs: 0 });
    if (messages.length === 0) return texts;
    texts.push(...messages.map((message) => message.text()));
  }
}

test('dead letters are listed without the damaged one, page by page', async () => {
  const { broker, damages } = await deadLetters();
  const texts: string[] = [];
  for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
    const page = await broker.admin.listDeadLetters('billing', { limit: 1, cursor });
    texts.push(...page.items.map(({ message }) => message.text()));
    cursor = page.nextCursor;
  }
  expect(texts.sort()).toEqual(['first', 'third']);
  expect(damages()).toBeGreaterThan(0);
  await broker.close();
});

test.each([undefined, 'hospital'])('a redrive leaves the damaged dead letter where it is (to: %s)', async (to) => {
  const { broker, damages } = await deadLetters();
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*', hospital: '*' } });
  expect(await broker.admin.redriveDeadLetters('billing', { to })).toEqual({ redriven: 2, damaged: 1 });
  expect(damages()).toBe(1);
  expect((await receiveAll(consumer)).sort()).toEqual(['first', 'third']);
  expect(await broker.admin.redriveDeadLetters('billing')).toEqual({ redriven: 0, damaged: 1 });
  expect(await broker.admin.purgeDeadLetters('billing')).toEqual({ purged: 1 });
  await broker.close();
});

test('others are redriven by their ids; the damaged one is refused by its own once they are', async () => {
  const { broker, ids } = await deadLetters();
  const of = (...bodies: string[]): string[] => bodies.map((body) => ids[body] as string);
  expect(await broker.admin.redriveDeadLetters('billing', { messageIds: of('third') })).toEqual({ redriven: 1 });
  const refused = broker.admin.redriveDeadLetters('billing', { messageIds: of('damaged', 'first') });
  await expect(refused).rejects.toMatchObject({ code: 'MQ_STORE_CORRUPT', message: expect.stringContaining('one other was redriven') });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
  expect((await receiveAll(consumer)).sort()).toEqual(['first', 'third']);
  await broker.close();
});
