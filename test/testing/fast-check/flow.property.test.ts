import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraries, flow } from '../../../src/testing/fast-check/index.ts';
import type { TestBroker } from '../../../src/testing/index.ts';

/** Copies what comes to a second topic; each message fails once in a while, by its id. */
async function startCopying(broker: TestBroker): Promise<void> {
  await broker.createPushConsumer({
    group: 'copier',
    subscriptions: { orders: '*' },
    listener: async (message) => {
      if (message.deliveryAttempt === 1 && message.messageId.endsWith('1')) return 'failure';
      await broker.createProducer().send({ topic: 'copies', body: message.body, keys: [message.messageId] });
      return 'success';
    },
  });
}

const orders = arbitraries.message({ topic: 'orders' });

describe('a flow of a user', () => {
  test('holds over crashes when it is right', { timeout: 60_000 }, async () => {
    const property = flow({
      start: startCopying,
      messages: orders,
      check: (broker, sent) => {
        const copies = broker.eventsOf('copies').filter(({ kind }) => kind === 'sent');
        expect(copies.length).toBeGreaterThanOrEqual(sent.length);
        // An acknowledgement may be on disk without having been told; a delivery that was not told comes again.
        const events = broker.eventsOf('orders');
        const delivered = new Set(events.flatMap((recorded) => (recorded.kind === 'delivered' ? [recorded.event.messageId] : [])));
        expect(delivered.size).toBe(sent.length);
      },
    });
    await fc.assert(property, { numRuns: 30 });
  });

  test('holds over power cuts for what was sync', { timeout: 60_000 }, async () => {
    const property = flow({
      start: startCopying,
      messages: orders,
      powerCuts: true,
      check: async (broker, sent) => {
        const topic = await broker.admin.getTopic('orders');
        const stored = topic?.queues.reduce((sum, { maxOffset }) => sum + maxOffset, 0) ?? 0;
        expect(stored).toBeGreaterThanOrEqual(sent.length);
      },
    });
    await fc.assert(property, { numRuns: 30 });
  });

  test('is found to be wrong when it is wrong, and shrinks', { timeout: 60_000 }, async () => {
    // It expects exactly one copy of each message: a crash between the copy and the acknowledgement makes two.
    const property = flow({
      start: (broker) => {
        let calls = 0;
        return broker
          .createPushConsumer({
            group: 'copier',
            subscriptions: { orders: '*' },
            listener: async (message) => {
              await broker.createProducer().send({ topic: 'copies', body: message.body });
              return calls++ === 2 ? 'failure' : 'success';
            },
          })
          .then(() => undefined);
      },
      messages: orders,
      check: (broker, sent) => expect(broker.eventsOf('copies').filter(({ kind }) => kind === 'sent')).toHaveLength(sent.length),
    });
    const failed = await fc.check(property, { numRuns: 50 });
    expect(failed.failed).toBe(true);
    const [steps] = failed.counterexample ?? [[]];
    expect(steps.map(({ kind }) => kind)).toEqual(['send', 'send', 'send']);
  });
});
