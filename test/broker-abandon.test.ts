import { expect, test } from 'vitest';
import { openTestBroker } from '../src/testing/index.ts';

// Told by an example: a test broker that crashed while a listener was sending waited for ever, because what joined the log after its end
// was never told that nothing would be written any more.
test('a broker that dies at any moment of a send, a listener and its send is dead at once, and opens again', async () => {
  for (let turns = 0; turns < 60; turns++) {
    const broker = await openTestBroker({ seed: turns + 1 });
    const producer = broker.createProducer();
    await broker.createPushConsumer({
      group: 'steps',
      subscriptions: { first: '*' },
      listener: async () => {
        await producer.send({ topic: 'second', body: 'two' });
      },
    });
    await producer.send({ topic: 'first', body: 'one' });
    for (let turn = 0; turn < turns; turn++) await undefined;
    await broker.crash();
    await expect(producer.send({ topic: 'first', body: 'late' })).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
    await broker.reopen();
    await broker.close();
  }
}, 10_000);
