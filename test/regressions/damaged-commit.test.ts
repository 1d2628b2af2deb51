import { expect, test } from 'vitest';
import { toHex } from '../../src/model/hex.ts';
import { openTestBroker, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';

const MESSAGES = 3_000;

// The end of a transaction and the pointers to its messages may lie in several blocks. Where the one with the end is damaged the transaction waits
// again; ended once more, it showed those messages twice whose pointers are there.
test('a transaction whose end is lost, and of whose messages some are visible, shows each of them once', async () => {
  const disk = new SimulatedDisk();
  const broker = await openTestBroker({ storage: disk, logger: false, durability: 'async' });
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const transaction = broker.createProducer().beginTransaction();
  await Promise.all(Array.from({ length: MESSAGES }, (_, i) => transaction.send({ topic: 'orders', body: `${i}` })));
  await transaction.commit();
  await broker.close();
  // A transaction end has the kind 34 and 18 bytes.
  const end = `2212000000${transaction.transactionId}01`;
  const place = disk.dump('log').findIndex(([, value]) => value.toUpperCase().includes(end));
  expect(toHex(Uint8Array.of(34, 18))).toBe('2212');
  disk.corrupt('log', place, 'flip', seededRandom(1));
  disk.deleteStore('index');
  await broker.reopen();

  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, maxMessages: 1_000 });
  const seen: string[] = [];
  const receiveAll = async (): Promise<number> => {
    const before = seen.length;
    for (
      let views = await consumer.receive({ awaitDurationMs: 0 });
      views.length > 0;
      views = await consumer.receive({ awaitDurationMs: 0 })
    ) {
      seen.push(...views.map((view) => view.messageId));
      await consumer.ack(views);
    }
    return seen.length - before;
  };
  const visible = await receiveAll();
  expect(visible).toBeGreaterThan(0);
  expect(visible).toBeLessThan(MESSAGES);
  await broker.admin.resolveTransaction(transaction.transactionId, 'commit');
  await receiveAll();
  expect(new Set(seen).size).toBe(MESSAGES);
  expect(seen).toHaveLength(MESSAGES);
  await broker.close();
});
