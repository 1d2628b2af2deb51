import { expect, test } from 'vitest';
import { Broker, type FailedEvent } from '../src/index.ts';

// Told by the file index example: Ctrl-C made the listeners under way fail, because the producer that they publish with was closed under them,
// so their messages were delivered again after a clean end.
test('a listener that is under way when the broker closes may still send, and counts as a success', async () => {
  const broker = await Broker.open({ storage: 'memory' });
  const failed: FailedEvent[] = [];
  broker.events.on('failed', (event) => failed.push(event));
  const producer = broker.createProducer();
  const gate = openableGate();
  const started = openableGate();
  const sent: string[] = [];
  await broker.createPushConsumer({
    group: 'steps',
    subscriptions: { first: '*' },
    listener: async (message) => {
      started.resolve();
      await gate.promise;
      sent.push((await producer.send({ topic: 'second', body: message.body })).topic);
    },
  });
  await producer.send({ topic: 'first', body: 'one' });
  await started.promise;
  const closed = broker.close();
  await expect(broker.createPushConsumer({ group: 'late', subscriptions: { first: '*' }, listener: () => {} })).rejects.toThrow(/closing/);
  gate.resolve();
  await closed;
  expect(sent).toEqual(['second']);
  expect(failed).toEqual([]);
  await expect(producer.send({ topic: 'first', body: 'two' })).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
});

test('a broker without consumers refuses sends from the moment on at which it is closed', async () => {
  const broker = await Broker.open({ storage: 'memory' });
  const producer = broker.createProducer();
  const closed = broker.close();
  await expect(producer.send({ topic: 'first', body: 'one' })).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
  await closed;
});

function openableGate(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
