import { describe, expect, test } from 'vitest';
import { BrokerError, type SimpleConsumer } from '../../src/index.ts';
import type { AcquireOptions, Directory } from '../../src/model/storage-provider.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../../src/testing/index.ts';

// On Windows nobody but LevelDB can sync its files. A barrier was asked for all the same, 100 ms after the first write and at every checkpoint: it was
// refused, the stores were opened anew, and so on for ever; and no checkpoint was ever written, the one of a close included.

/** A disk that makes durable what is written with `sync`, and nothing else. */
class DiskWithoutBarriers extends SimulatedDisk {
  override async acquire(options: AcquireOptions): Promise<Directory> {
    const directory = await super.acquire(options);
    const openStore = directory.openStore.bind(directory);
    const barrier = (): Promise<void> => Promise.reject(new BrokerError('MQ_NOT_SUPPORTED', 'There are no barriers here'));
    directory.openStore = async (name, how) => Object.assign(await openStore(name, how), { canBarrier: false, barrier });
    return directory;
  }
}

async function openHere(failures: FaultPlan = new FaultPlan()): Promise<{ broker: TestBroker; clock: ManualClock; states: string[] }> {
  const clock = new ManualClock();
  const broker = await openTestBroker({ storage: new DiskWithoutBarriers(), clock, failures });
  const states: string[] = [];
  broker.events.on('state', ({ to }) => states.push(to));
  return { broker, clock, states };
}

async function receiveAll(consumer: SimpleConsumer): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const messages = await consumer.receive({ maxMessages: 10, awaitDurationMs: 0 });
    if (messages.length === 0) return texts.sort();
    texts.push(...messages.map((message) => message.text()));
    for (const message of messages) await consumer.ack(message);
  }
}

describe('stores without barriers', () => {
  test.each(['sync', 'async'] as const)('keep %s messages over checkpoints, power cuts and openings', async (durability) => {
    const { broker, clock, states } = await openHere();
    const send = (body: string) => broker.createProducer().send({ topic: 'orders', body }, { durability });
    await send('one');
    expect((await broker.admin.stats()).lastCheckpointAtMs).toBeUndefined();
    await clock.advance(10_000);
    expect((await broker.admin.stats()).lastCheckpointAtMs, 'a quiet broker writes a checkpoint').toBeDefined();
    await send('two');
    await broker.powerCut();
    await broker.reopen();
    await send('three');
    await broker.close();
    await broker.reopen();
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    expect(await receiveAll(consumer)).toEqual(['one', 'three', 'two']);
    expect(states.filter((state) => state !== 'open' && state !== 'closing' && state !== 'closed')).toEqual([]);
    await broker.close();
  });

  test('a heal goes on with them', async () => {
    const failures = new FaultPlan();
    const { broker, clock } = await openHere(failures);
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    failures.failWrite('log', 1, { applied: false });
    const sending = broker.createProducer().send({ topic: 'orders', body: 'two' });
    await clock.advance(60_000);
    await sending;
    await broker.powerCut();
    await broker.reopen();
    const consumer = await broker.createSimpleConsumer({ group: 'billing', subscriptions: { orders: '*' } });
    expect(await receiveAll(consumer)).toEqual(['one', 'two']);
    await broker.close();
  });
});
