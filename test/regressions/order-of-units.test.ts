import { expect, test } from 'vitest';
import { openTestBroker } from '../../src/testing/index.ts';

// A send with a dedup key waits until it is known whether it is a duplicate, and those of its message group wait behind it. An atomic unit did not.
test.each([undefined, 'its own'])(
  'a unit waits behind sends of its message group that were called before (dedup key: %s)',
  async (dedupKey) => {
    const broker = await openTestBroker();
    const message = { topic: 'orders', messageGroup: 'ada' };
    await broker.admin.createTopic('orders');
    await broker.createProducer().send({ ...message, body: '0', dedupKey: 'first' });
    await broker.reopen();
    const producer = broker.createProducer();
    const bodies = ['1', '2', '3', '4'] as const;
    await Promise.all([
      producer.send({ ...message, body: bodies[0], dedupKey: 'another' }),
      producer.send({ ...message, body: bodies[1] }),
      broker.atomic((unit) => unit.send({ ...message, body: bodies[2], ...(dedupKey === undefined ? {} : { dedupKey }) })),
      producer.send({ ...message, body: bodies[3] }),
    ]);
    const consumer = await broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } });
    const texts = (await consumer.poll({ maxMessages: 10 })).map((view) => view.text());
    expect(texts.slice(0, 3)).toEqual(['0', '1', '2']);
    expect(texts.toSorted()).toEqual(['0', ...bodies]);
    await broker.close();
  },
);
