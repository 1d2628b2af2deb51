import { describe, expect, test } from 'vitest';
import type { MessageView } from '../../src/index.ts';
import { ManualClock, openTestBroker, type TestBroker } from '../../src/testing/index.ts';

// A message is with somebody while what it belongs to is taken away: its topic is deleted, its group is reset, or an atomic unit has acknowledged it.

const EXPIRED = { code: 'MQ_RECEIPT_HANDLE_EXPIRED' };

interface Hanging {
  readonly broker: TestBroker;
  readonly clock: ManualClock;
  /** Texts of the messages that the listener was called with. */
  readonly heard: readonly string[];
  readonly view: MessageView;
}

/** A listener that hangs with the first message until its signal aborts, and another message that waits for its place. */
async function hanging(): Promise<Hanging> {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createGroup('billing', { maxAttempts: 1 });
  const heard: string[] = [];
  const views: MessageView[] = [];
  await broker.createPushConsumer({
    group: 'billing',
    subscriptions: { orders: '*', others: '*' },
    concurrency: 1,
    consumeTimeoutMs: 1_000,
    listener: async (message, { signal }) => {
      heard.push(message.text());
      views.push(message);
      if (message.topic === 'orders') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  for (const topic of ['orders', 'others']) await broker.createProducer().send({ topic, body: topic });
  await broker.settle();
  const [view] = views;
  if (view === undefined) throw new Error('the listener was not called');
  return { broker, clock, heard, view };
}

// The end of the lease was what ended the call; without a lease it kept its place, and a consumer of which each place was lost got nothing any more.
describe('a listener that hangs has its time and no more', () => {
  test.each<[string, (scene: Hanging) => Promise<unknown>]>([
    ['whose group is reset', ({ broker }) => broker.admin.resetOffset('billing', { topic: 'orders', to: 'latest' })],
    ['whose topic is deleted', ({ broker }) => broker.admin.deleteTopic('orders')],
    ['whose message an atomic unit has acknowledged', ({ broker, view }) => broker.atomic((unit) => unit.ack(view))],
    ['that has its lease to the end', () => Promise.resolve()],
  ])('%s', async (_, takeAway) => {
    const scene = await hanging();
    const { broker, clock, heard } = scene;
    await takeAway(scene);
    await clock.advance(999);
    expect(heard).toEqual(['orders']);
    await clock.advance(1);
    expect(heard).toEqual(['orders', 'others']);
    await broker.close();
  });
});

// It became a dead letter of a topic that was gone, and was none any more after the next opening from the log.
test('a listener that fails after its topic was deleted leaves no dead letter', async () => {
  const { broker, clock, heard } = await hanging();
  await broker.admin.deleteTopic('orders');
  await clock.advance(1_000);
  expect(heard).toEqual(['orders', 'others']);
  expect((await broker.admin.listDeadLetters('billing')).items).toEqual([]);
  await broker.close();
});

// A view led to the queue of the deleted topic, which took the change; a copy of the view was refused.
test.each<[string, (view: MessageView) => MessageView]>([
  ['a view', (view) => view],
  ['a copy of a view', (view) => ({ ...view })],
])('%s of a message whose topic was deleted, and is there again, stands for nothing', async (_, named) => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createGroup('billing', { maxAttempts: 1 });
  const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' }, awaitDurationMs: 0 });
  await broker.createProducer().send({ topic: 'orders', body: 'old' });
  const view = named((await consumer.receive())[0] as MessageView);
  await broker.admin.deleteTopic('orders');
  await broker.createProducer().send({ topic: 'orders', body: 'new' });
  await expect(consumer.ack(view)).rejects.toMatchObject(EXPIRED);
  await expect(consumer.changeInvisibleDuration(view, 1)).rejects.toMatchObject(EXPIRED);
  await expect(consumer.forwardToDeadLetter(view)).rejects.toMatchObject(EXPIRED);
  await expect(broker.atomic((unit) => unit.ack(view))).rejects.toMatchObject(EXPIRED);
  await clock.advance(60_000);
  expect((await broker.admin.listDeadLetters('billing')).items).toEqual([]);
  expect((await consumer.receive()).map((message) => message.text())).toEqual(['new']);
  await broker.close();
});
