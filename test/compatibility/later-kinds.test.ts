import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker, type MessageView } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';

interface Expected {
  readonly madeAtMs: number;
  readonly handles: { readonly due: string; readonly later: string; readonly instant: string; readonly recalled: string };
  readonly transactions: { readonly committed: string; readonly rolledBack: string; readonly pending: string };
  readonly once: string;
}

const MONTH_MS = 30 * 86_400_000;
const fixtures = fileURLToPath(new URL('./later-kinds', import.meta.url));

describe.each(['closed', 'killed'] as const)('a store with the kinds of record of version 0.2, that was %s', (ending) => {
  let location: string;
  let broker: Broker;
  let expected: Expected;
  let clock: ManualClock;

  beforeEach(async () => {
    location = mkdtempSync(join(tmpdir(), 'pocketmq-kinds-'));
    cpSync(join(fixtures, ending), location, { recursive: true });
    expected = (JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<typeof ending, Expected>)[ending];
    clock = new ManualClock({ startAtMs: expected.madeAtMs + 1_000 });
    broker = await Broker.open({ location, logger: false, clock });
  });
  afterEach(async () => {
    await broker.close();
    rmSync(location, { recursive: true, force: true });
  });

  async function namesOf(group: string, topic = 'kinds'): Promise<string[]> {
    const consumer = await broker.createSimpleConsumer({ group, subscriptions: { [topic]: '*' }, awaitDurationMs: 0 });
    const views: MessageView[] = await consumer.receive({ maxMessages: 100 });
    await consumer.ack(views);
    await consumer.close();
    return views.map(({ keys }) => keys[0] ?? '');
  }

  test('has what became visible, and nothing that expired, waits, was recalled or was rolled back', async () => {
    expect((await namesOf('new')).toSorted()).toEqual(['committed', 'due', 'once', 'unit']);
    // The expired message was settled for its group in the life before.
    expect((await namesOf('expiring')).toSorted()).toEqual(['once', 'unit']);
  });

  test('keeps the order of the priorities', async () => {
    expect(await namesOf('new', 'levels')).toEqual(['p9', 'p4', 'p1']);
  });

  test('has its delay messages, which come when they are due', async () => {
    const { items } = await broker.admin.listDelayed('kinds');
    expect(items.map(({ recallHandle }) => recallHandle).toSorted()).toEqual([expected.handles.later, expected.handles.instant].toSorted());
    await namesOf('new');
    await clock.advance(MONTH_MS);
    // A message that has come due is visible once its pointer is written.
    await expect.poll(async () => (await broker.admin.listDelayed('kinds')).items.length).toBe(0);
    expect((await namesOf('new')).toSorted()).toEqual(['instant', 'later']);
  });

  test('takes the recall handles of the life before', async () => {
    const producer = broker.createProducer();
    await producer.recall('kinds', expected.handles.later);
    await expect(producer.recall('kinds', expected.handles.recalled)).rejects.toMatchObject({ code: 'MQ_RECALL_TOO_LATE' });
  });

  test('has the transaction that nobody ended, with the checks that were made', async () => {
    const { items } = await broker.admin.listTransactions();
    expect(items.map(({ transactionId, checks, state }) => [transactionId, checks, state])).toEqual([
      [expected.transactions.pending, 1, 'pending'],
    ]);
    await namesOf('new');
    await broker.admin.resolveTransaction(expected.transactions.pending, 'commit');
    expect(await namesOf('new')).toEqual(['pending']);
  });

  test('still knows the key of a message that may come once', async () => {
    const receipt = await broker.createProducer().send({ topic: 'kinds', body: 'again', dedupKey: 'only-once' });
    expect(receipt).toMatchObject({ duplicate: true, messageId: expected.once });
  });

  test('has the position of a pull group', async () => {
    const consumer = await broker.createPullConsumer({ group: 'archive', subscriptions: { pulled: '*' } });
    expect(await consumer.position({ topic: 'pulled', queueId: 0 })).toBe(2);
    expect((await consumer.poll()).map(({ keys }) => keys[0])).toEqual(['third']);
  });

  test('has the values of the application', async () => {
    expect(Buffer.from((await broker.store.get('kept')) ?? '').toString()).toBe('a value');
    expect(await broker.store.get('deleted')).toBeUndefined();
  });
});
