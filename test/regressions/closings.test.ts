import { expect, test } from 'vitest';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';

// A message whose lease was being renewed when its consumer closed was passed by, because somebody had claimed it: the renewal left it with a consumer
// that was gone, for as long as that had asked for.
test('a consumer that closes gives a message back whose lease it is just renewing', async () => {
  for (let later = 0; later < 8; later++) {
    const broker = await openTestBroker({ clock: new ManualClock() });
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    const open = () => broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    const [first, second] = [await open(), await open()];
    const [message] = await first.receive();
    if (message === undefined) throw new Error('nothing was received');
    const renewing = first.changeInvisibleDuration(message, 3_600_000);
    for (let i = 0; i < later; i++) await undefined;
    await first.close();
    await Promise.allSettled([renewing]);
    expect(await second.receive({ awaitDurationMs: 0 }), `${later} steps later`).toMatchObject([{ deliveryAttempt: 2 }]);
    await broker.close();
  }
});
