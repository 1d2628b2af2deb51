import { describe, expect, test } from 'vitest';
import type { Damage, MessageQueue, PullConsumer } from '../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, seededRandom, type TestBroker } from '../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './regressions/restive-storage.ts';

const QUEUE: MessageQueue = { topic: 'orders', queueId: 0 };

async function fill(broker: TestBroker, bodies: readonly string[]): Promise<void> {
  await broker.admin.createTopic('orders', { queueCount: 1 });
  const producer = broker.createProducer();
  for (const body of bodies) await producer.send({ topic: 'orders', body });
}

function pull(broker: TestBroker): Promise<PullConsumer> {
  return broker.createPullConsumer({ group: 'archive', subscriptions: { orders: '*' } });
}

async function pollTexts(consumer: PullConsumer, maxMessages = 32): Promise<string[]> {
  return (await consumer.poll({ maxMessages, awaitDurationMs: 0 })).map((message) => message.text());
}

/** How many records of each kind a log holds. */
function recordsOn(disk: SimulatedDisk): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [, value] of disk.dump('log')) {
    const block = Buffer.from(value, 'hex');
    for (let at = 28; at < block.length; at += 5 + block.readUInt32LE(at + 1)) {
      const kind = block.readUInt8(at);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  return counts;
}

describe('a pull consumer', () => {
  test('writes nothing but the positions that it commits', async () => {
    const disk = new SimulatedDisk();
    const broker = await openTestBroker({ storage: disk });
    await fill(broker, ['a', 'b', 'c']);
    const consumer = await pull(broker);
    const before = recordsOn(disk);
    await consumer.poll({ maxMessages: 2 });
    await consumer.commit();
    await consumer.commit();
    await consumer.poll();
    await consumer.seek(QUEUE, 1);
    await consumer.close();
    expect(recordsOn(disk)).toEqual(new Map([...before, [60, 1]]));
    await broker.close();
  });

  test('keeps its positions over an index that is built again from the log', async () => {
    const disk = new SimulatedDisk();
    const broker = await openTestBroker({ storage: disk });
    await fill(broker, ['a', 'b', 'c', 'd']);
    const consumer = await pull(broker);
    await consumer.poll({ maxMessages: 3 });
    await consumer.commit();
    await consumer.seek(QUEUE, 1);
    await consumer.commit();
    await broker.close();
    disk.corrupt('index', 0, 'delete', seededRandom(1));
    await broker.reopen();
    expect(await (await pull(broker)).position(QUEUE)).toBe(1);
    await broker.close();
  });

  test('a commit that the disk refuses is not lost: it is decided when the store has healed', async () => {
    for (const applied of [true, false]) {
      const failures = new FaultPlan();
      const clock = new ManualClock();
      const broker = await openTestBroker({ failures, clock });
      await fill(broker, ['a', 'b', 'c']);
      const consumer = await pull(broker);
      await consumer.poll({ maxMessages: 2 });
      failures.failWrite('log', 1, { applied });
      const committed = consumer.commit().then(
        () => true,
        () => false,
      );
      await clock.advance(60_000);
      const isCommitted = await committed;
      expect(await pollTexts(consumer)).toEqual(['c']);
      await consumer.close();
      expect(await (await pull(broker)).position(QUEUE)).toBe(isCommitted ? 2 : 0);
      if (applied) expect(isCommitted).toBe(true);
      await broker.close();
    }
  });

  test('a poll whose reading fails rejects, and the next one brings the same messages', async () => {
    const plan = new ReadPlan();
    const clock = new ManualClock();
    const storage = restiveStorage(new SimulatedDisk(), plan);
    const broker = await openTestBroker({ storage, clock });
    await fill(broker, ['a', 'b', 'c']);
    await broker.reopen();
    const consumer = await pull(broker);
    plan.failing.add('log');
    await expect(consumer.poll({ maxMessages: 2 })).rejects.toThrow('bad moment');
    expect(await consumer.position(QUEUE)).toBe(0);
    plan.failing.clear();
    expect(await pollTexts(consumer, 2)).toEqual(['a', 'b']);
    expect(await consumer.position(QUEUE)).toBe(2);
    await broker.close();
  });

  test('what is sought while a poll reads is what the poll brings', async () => {
    const plan = new ReadPlan();
    const broker = await openTestBroker({ storage: restiveStorage(new SimulatedDisk(), plan) });
    await fill(broker, ['a', 'b', 'c', 'd']);
    await broker.reopen();
    const consumer = await pull(broker);
    plan.hold();
    const polled = consumer.poll({ maxMessages: 2 });
    await consumer.seek(QUEUE, 3);
    expect(await consumer.position(QUEUE)).toBe(3);
    plan.release();
    expect((await polled).map((message) => message.text())).toEqual(['d']);
    await broker.close();
  });

  test('a queue that changes hands while a poll reads it is read by its new reader alone', async () => {
    const plan = new ReadPlan();
    const clock = new ManualClock();
    const broker = await openTestBroker({ storage: restiveStorage(new SimulatedDisk(), plan), clock });
    await fill(broker, ['a', 'b']);
    await broker.reopen();
    const [first, second] = [await pull(broker), await pull(broker)];
    plan.hold();
    const polled = first.poll({ awaitDurationMs: 100 });
    second.assign([QUEUE]);
    plan.release();
    expect(await pollTexts(second)).toEqual(['a', 'b']);
    await clock.advance(100);
    expect(await polled).toEqual([]);
    await broker.close();
  });

  test('messages of a damaged block are reported as lost, and passed by', async () => {
    const disk = new SimulatedDisk();
    const clock = new ManualClock();
    const broker = await openTestBroker({ storage: disk, clock });
    const bodies = ['a', 'b', 'c'].map((letter) => letter.repeat(50));
    await fill(broker, bodies);
    await broker.close();
    const damaged = disk.dump('log').findIndex(([, value]) => Buffer.from(value, 'hex').includes(bodies[1] as string));
    disk.corrupt('log', damaged, 'flip', seededRandom(3));
    await broker.reopen();
    const damages: Damage[] = [];
    broker.events.on('damage', (damage) => damages.push(damage));
    const consumer = await pull(broker);
    expect(await pollTexts(consumer)).toEqual([bodies[0], bodies[2]]);
    expect(damages).toMatchObject([{ kind: 'corruptBlock', store: 'log' }]);
    expect(await consumer.position(QUEUE)).toBe(3);
    await broker.close();
  });
});
