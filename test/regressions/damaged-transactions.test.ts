import { expect, test } from 'vitest';
import { toHex } from '../../src/model/hex.ts';
import { ManualClock, openTestBroker, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';

// A message of a transaction lies in a damaged block. It could not be read for a check, which was tried again and again without ever counting, and one
// such transaction kept an administrator from seeing any.
test('a transaction with a damaged message is parked and listed, and can be rolled back', async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const broker = await openTestBroker({ clock, storage: disk, logger: false });
  const transaction = broker.createProducer().beginTransaction();
  for (const body of ['whole', 'damaged']) await transaction.send({ topic: 'orders', body });
  await broker.close();
  const wanted = toHex(new TextEncoder().encode('damaged')).toUpperCase();
  const holding = disk.dump('log').findIndex(([, value]) => value.toUpperCase().includes(wanted));
  disk.corrupt('log', holding, 'flip', seededRandom(1));
  await broker.reopen();
  const seen = { damages: 0, parked: 0, asked: 0 };
  broker.events.on('damage', () => seen.damages++);
  broker.events.on('transactionParked', () => seen.parked++);
  broker.createProducer({ transactionChecker: () => (++seen.asked > 0 ? 'commit' : 'unknown') });
  await clock.advance(60_000);
  expect(seen).toMatchObject({ parked: 1, asked: 0 });
  expect(seen.damages).toBeGreaterThan(0);
  const { items } = await broker.admin.listTransactions({ state: 'parked' });
  expect(items.map(({ messages }) => messages.map((message) => message.text()))).toEqual([['whole']]);
  await broker.admin.resolveTransaction(transaction.transactionId, 'rollback');
  expect((await broker.admin.listTransactions()).items).toEqual([]);
  await broker.close();
});
