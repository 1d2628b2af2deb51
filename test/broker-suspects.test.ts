import { expect, test } from 'vitest';
import { openTestBroker } from '../src/testing/index.ts';

const GROUP = 'workers';

test.each([2, 3, 5])('a message that kills its process dies alone after %i attempts, and its neighbours pass', async (maxAttempts) => {
  const broker = await openTestBroker();
  await broker.admin.createGroup(GROUP, { maxAttempts });
  const producer = broker.createProducer();
  const bodies = ['a', 'b', 'poison', 'c', 'd'];
  await producer.sendBatch(bodies.map((body) => ({ topic: 'work', body })));
  const done = new Set<string>();
  let deaths = 0;
  for (; deaths <= maxAttempts; deaths++) {
    const poisoned = gate();
    const life = deaths;
    await broker.createPushConsumer({
      group: GROUP,
      subscriptions: { work: '*' },
      listener: async (message) => {
        if (message.text() === 'poison') poisoned.resolve();
        // Whoever is beside the poison is still at work when the process dies, and what a dead process does does not count.
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
        if (life === deaths) done.add(message.text());
      },
    });
    const survived = await Promise.race([poisoned.promise.then(() => false), broker.drain().then(() => true)]);
    if (survived) break;
    const dying = broker.crash();
    expect(done).not.toContain('poison');
    await dying;
    await broker.reopen();
  }
  const { items } = await broker.admin.listDeadLetters(GROUP);
  expect(items.map(({ message, attempts }) => [message.text(), attempts])).toEqual([['poison', maxAttempts]]);
  expect(deaths).toBe(maxAttempts);
  expect([...done].toSorted()).toEqual(['a', 'b', 'c', 'd']);
  await broker.close();
});

function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
