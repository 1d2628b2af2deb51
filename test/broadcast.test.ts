import { describe, expect, test } from 'vitest';
import { Broker, type DroppedEvent, type Logger, type PushConsumer, type PushConsumerOptions } from '../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../src/testing/index.ts';
import { ReadPlan, restiveStorage } from './regressions/restive-storage.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function listen(broker: Pick<Broker, 'createPushConsumer'>, options: Partial<PushConsumerOptions>): Promise<PushConsumer> {
  return broker.createPushConsumer({
    group: 'caches',
    mode: 'broadcast',
    subscriptions: { prices: '*' },
    listener: () => undefined,
    ...options,
  });
}

/** What a disk has of a broker: the kinds of the records in its log, the changes of metadata, and the prefixes of the keys in its index. */
function tracesOn(disk: SimulatedDisk): { kinds: Set<number>; metadata: string[]; prefixes: Set<string> } {
  const kinds = new Set<number>();
  const metadata: string[] = [];
  for (const [, value] of disk.dump('log')) {
    const block = Buffer.from(value, 'hex');
    for (let at = 28; at < block.length; at += 5 + block.readUInt32LE(at + 1)) {
      kinds.add(block.readUInt8(at));
      if (block.readUInt8(at) !== 3) continue;
      const text = block.subarray(at + 9, at + 5 + block.readUInt32LE(at + 1)).toString();
      metadata.push((JSON.parse(text) as { what: string }).what);
    }
  }
  return { kinds, metadata, prefixes: new Set(disk.dump('index').map(([key]) => key.slice(0, 2))) };
}

/** One message succeeds, one fails and waits, one is dropped, one is in flight, and one is filtered. */
async function work(broker: TestBroker, clock: ManualClock): Promise<void> {
  await broker.admin.createGroup('caches', { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [1000] } });
  await listen(broker, {
    subscriptions: { prices: 'a || b || c || d' },
    listener: (message) => {
      if (message.tag === 'a') return 'success';
      return message.tag === 'd' ? new Promise(() => undefined) : 'failure';
    },
  });
  const producer = broker.createProducer();
  for (const tag of ['a', 'b', 'd', 'e']) await producer.send({ topic: 'prices', body: tag, tag, messageGroup: tag });
  await clock.advance(5000);
  await producer.send({ topic: 'prices', body: 'c', tag: 'c' });
  await clock.settle();
  expect(await broker.admin.stats()).toMatchObject({ acked: 1, failed: 3, dropped: 1, unsettled: 2 });
}

/** Messages, openings, and metadata: the group, the kind of its consumers, and the topic. */
const WITHOUT_STATE = { kinds: new Set([1, 2, 3]), metadata: ['group', 'group', 'topic'] };

describe('a broadcast consumer', () => {
  test('leaves no trace in the log and the index', async () => {
    const clock = new ManualClock();
    const disk = new SimulatedDisk();
    const broker = await openTestBroker({ clock, storage: disk });
    await work(broker, clock);
    await broker.close({ deadlineMs: 0 });
    const traces = tracesOn(disk);
    expect({ kinds: traces.kinds, metadata: traces.metadata }).toEqual(WITHOUT_STATE);
    // Checkpoint, topics, groups and consume queues.
    expect(traces.prefixes).toEqual(new Set(['01', '02', '03', '10']));
  });

  test('leaves nothing behind that a crash could make a suspect, a dead letter, or an attempt', async () => {
    const clock = new ManualClock();
    const disk = new SimulatedDisk();
    const broker = await openTestBroker({ clock, storage: disk });
    await work(broker, clock);
    for (let crashes = 0; crashes < 3; crashes++) {
      await broker.crash();
      await broker.reopen();
      expect(await broker.admin.getGroupProgress('caches')).toEqual([]);
      expect((await broker.admin.listDeadLetters('caches')).items).toEqual([]);
      expect((await broker.admin.stats()).unsettled).toBe(0);
      const heard: string[] = [];
      const listener: PushConsumerOptions['listener'] = (message) => {
        heard.push(`${message.text()}#${message.deliveryAttempt}`);
        return new Promise(() => undefined);
      };
      await listen(broker, { startFrom: 'earliest', listener });
      await clock.settle();
      expect(heard.sort()).toEqual(['a#1', 'b#1', 'c#1', 'd#1', 'e#1']);
    }
    await broker.crash();
    const traces = tracesOn(disk);
    expect({ kinds: traces.kinds, metadata: traces.metadata }).toEqual(WITHOUT_STATE);
  });

  test('hears nothing more once the broker has died', async () => {
    const broker = await openTestBroker();
    const heard: string[] = [];
    await listen(broker, { listener: (message) => void heard.push(message.text()) });
    await broker.createProducer().send({ topic: 'prices', body: 'first' }, { durability: 'async' });
    await broker.settle();
    expect(heard).toEqual(['first']);
    await broker.createProducer().send({ topic: 'prices', body: 'second' }, { durability: 'async' });
    const dying = broker.crash();
    const atDeath = [...heard];
    await dying;
    for (let i = 0; i < 10; i++) await turn();
    expect([atDeath, heard]).toEqual([['first'], ['first']]);
  });

  test('goes on while the store has failed, and hears what is stored after it has healed', async () => {
    const failures = new FaultPlan();
    const clock = new ManualClock();
    const broker = await openTestBroker({ failures, clock });
    await broker.admin.createGroup('caches', { retryPolicy: { kind: 'customized', delaysMs: [100] } });
    const heard: string[] = [];
    let end: () => void = () => undefined;
    await listen(broker, {
      concurrency: 1,
      listener: (message) => {
        heard.push(`${message.text()}#${message.deliveryAttempt}`);
        if (message.text() === 'a') return new Promise<void>((resolve) => (end = resolve));
        return message.text() === 'b' && message.deliveryAttempt === 1 ? 'failure' : 'success';
      },
    });
    const producer = broker.createProducer({ maxAttempts: 1 });
    for (const body of ['a', 'b', 'c']) await producer.send({ topic: 'prices', body, messageGroup: 'one' });
    await clock.settle();
    failures.fill();
    const refused = producer.send({ topic: 'other', body: 'refused' }).catch((error: unknown) => error);
    await clock.advance(1000);
    expect((await broker.admin.stats()).state).toBe('failed');
    expect(heard).toEqual(['a#1']);
    end();
    await clock.advance(1000);
    expect((await broker.admin.stats()).state).toBe('failed');
    expect(heard).toEqual(['a#1', 'b#1', 'b#2', 'c#1']);
    failures.free();
    await clock.advance(60_000);
    await refused;
    await producer.send({ topic: 'prices', body: 'd' });
    await clock.settle();
    expect(heard).toEqual(['a#1', 'b#1', 'b#2', 'c#1', 'd#1']);
    expect(await broker.admin.stats()).toMatchObject({ state: 'open', unsettled: 0 });
    await broker.close();
  });

  test('tells of a message that it drops, by an event and once for each error in the log', async () => {
    const clock = new ManualClock();
    const warnings: [Record<string, unknown>, string][] = [];
    const logger: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (fields, message) => void warnings.push([fields as Record<string, unknown>, message]),
      error: () => undefined,
    };
    const broker = await openTestBroker({ clock, logger });
    await broker.admin.createGroup('caches', { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [1000] } });
    const listener = (): never => {
      throw new Error('stale');
    };
    await listen(broker, { listener });
    await listen(broker, { listener });
    const dropped: DroppedEvent[] = [];
    broker.events.on('dropped', (event) => dropped.push(event));
    const { messageId } = await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await broker.drain();
    const event = { group: 'caches', topic: 'prices', messageId, attempts: 2 };
    expect(dropped).toEqual([event, event]);
    expect(broker.eventsOf('prices').filter(({ kind }) => kind === 'dropped')).toHaveLength(2);
    expect(warnings.map(([{ group, next, attempt }, message]) => [group, next, attempt, message])).toEqual([
      ['caches', '2026-01-01T00:00:01.000Z', 1, 'a listener failed'],
      ['caches', 'dropped', 2, 'a listener failed'],
    ]);
    await broker.close();
  });

  test('leaves the event loop its turns, however much there is to hear', async () => {
    const broker = await Broker.open({ storage: 'memory', logger: false });
    await broker.admin.createTopic('prices', { queueCount: 1 });
    await broker.createProducer().sendBatch(Array.from({ length: 4000 }, (_, i) => ({ topic: 'prices', body: `${i}` })));
    let heard = 0;
    let turns = 0;
    const counting = setInterval(() => undefined, 1_000_000);
    const count = (): void => {
      turns++;
      if (heard < 4000) setImmediate(count);
    };
    setImmediate(count);
    await listen(broker, { startFrom: 'earliest', concurrency: 20, listener: () => void heard++ });
    while (heard < 4000) await turn();
    clearInterval(counting);
    expect(turns).toBeGreaterThanOrEqual(4000 / 20);
    await broker.close();
  });

  test('holds at most as many unsettled messages as a group may, each for itself', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock, limits: { maxUnsettledPerGroup: 2 } });
    await broker.admin.createGroup('caches', { retryPolicy: { kind: 'customized', delaysMs: [1000] } });
    const heard: string[] = [];
    let other = 0;
    await listen(broker, {
      concurrency: 1,
      listener: (message) => {
        heard.push(`${message.text()}#${message.deliveryAttempt}`);
        return message.deliveryAttempt === 1 ? 'failure' : 'success';
      },
    });
    await listen(broker, { listener: () => void other++ });
    const limits: number[] = [];
    broker.events.on('unsettledLimit', ({ unsettled }) => limits.push(unsettled));
    await broker.admin.createTopic('prices', { queueCount: 1 });
    for (const body of ['a', 'b', 'c', 'd']) await broker.createProducer().send({ topic: 'prices', body });
    await clock.settle();
    expect([heard, other, limits]).toEqual([['a#1', 'b#1'], 4, [2]]);
    await broker.drain();
    expect(heard.sort()).toEqual(['a#1', 'a#2', 'b#1', 'b#2', 'c#1', 'c#2', 'd#1', 'd#2']);
    await broker.close();
  });
});

describe('when a broadcast consumer goes', () => {
  test('no timer of it stays, though messages waited for their next attempt', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    const consumers = [await listen(broker, { listener: () => 'failure' }), await listen(broker, { listener: () => 'failure' })];
    await broker.admin.createTopic('prices', { queueCount: 1 });
    await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await clock.advance(9000);
    expect((await broker.admin.stats()).unsettled).toBe(2);
    expect(clock.nextTimerInMs).toBeDefined();
    for (const consumer of consumers) await consumer.close();
    expect(await broker.admin.stats()).toMatchObject({ unsettled: 0, consumers: 0 });
    expect(clock.nextTimerInMs).toBeUndefined();
    await broker.close();
  });

  test('with the broker, its listener is waited for, and no timer stays', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    let end: () => void = () => undefined;
    await listen(broker, {
      listener: (message) => (message.text() === 'slow' ? new Promise<void>((resolve) => (end = resolve)) : 'failure'),
    });
    for (const body of ['slow', 'failing']) await broker.createProducer().send({ topic: 'prices', body });
    await clock.settle();
    let closed = false;
    const closing = broker.close().then(() => {
      closed = true;
    });
    for (let i = 0; i < 10; i++) await turn();
    expect(closed).toBe(false);
    end();
    await closing;
    expect(broker.recordedEvents.filter(({ kind }) => kind === 'acked')).toHaveLength(1);
    expect(clock.timerCount).toBe(0);
  });

  test('at its deadline, the listener is told, and its late end changes nothing', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    let end: () => void = () => undefined;
    let aborted = false;
    const consumer = await listen(broker, {
      listener: (_message, { signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return new Promise<void>((resolve) => (end = resolve));
      },
    });
    await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await clock.settle();
    const closing = consumer.close({ deadlineMs: 1000 });
    await clock.advance(1000);
    await closing;
    end();
    await clock.settle();
    expect([aborted, (await broker.admin.stats()).acked, (await broker.admin.stats()).unsettled]).toEqual([true, 0, 0]);
    await broker.close();
  });

  test('with its topic, a message that a listener still has counts no more', async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    let end: () => void = () => undefined;
    await listen(broker, { listener: () => new Promise<void>((resolve) => (end = resolve)) });
    await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await clock.settle();
    await broker.admin.deleteTopic('prices');
    expect((await broker.admin.stats()).unsettled).toBe(0);
    end();
    await clock.settle();
    expect((await broker.admin.stats()).unsettled).toBe(0);
    await broker.close();
  });
});

describe('opening a broadcast consumer', () => {
  test('needs topics and groups that exist where they are not created by themselves, and leaves the group as it was', async () => {
    const broker = await openTestBroker({ autoCreateTopics: false, autoCreateGroups: false });
    await broker.admin.createTopic('prices');
    await expect(listen(broker, {})).rejects.toMatchObject({ code: 'MQ_CONSUMER_GROUP_NOT_FOUND' });
    await broker.admin.createGroup('caches');
    await expect(listen(broker, { subscriptions: { prices: '*', missing: '*' } })).rejects.toMatchObject({ code: 'MQ_TOPIC_NOT_FOUND' });
    expect(await broker.admin.getGroup('caches')).toMatchObject({ kind: undefined, subscriptions: {} });
    await broker.createSimpleConsumer({ group: 'caches', subscriptions: { prices: 'other' } });
    await broker.close();
  });

  test('leaves nothing behind when it fails, and succeeds when it is tried again', async () => {
    const reads = new ReadPlan();
    const disk = new SimulatedDisk();
    let broker = await openTestBroker({ storage: restiveStorage(disk, reads) });
    await broker.admin.createTopic('prices', { queueCount: 1 });
    await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await broker.close();
    broker = await openTestBroker({ storage: restiveStorage(disk, reads) });
    await broker.admin.getTopic('prices');
    reads.failing.add('index');
    await expect(listen(broker, { startFrom: 'earliest' })).rejects.toThrow();
    reads.failing.clear();
    expect(await broker.admin.getGroup('caches')).toMatchObject({ kind: undefined, subscriptions: {} });
    const heard: string[] = [];
    const consumer = await listen(broker, { startFrom: 'earliest', listener: (message) => void heard.push(message.text()) });
    await broker.drain();
    expect(heard).toEqual(['x']);
    await consumer.close();
    await broker.admin.deleteGroup('caches');
    await broker.close();
  });
});

describe('draining a test broker', () => {
  test('waits for what broadcast consumers have left, through their retries', async () => {
    const broker = await openTestBroker();
    await broker.admin.createGroup('caches', { maxAttempts: 3 });
    const heard: string[] = [];
    for (const name of ['weak', 'strong']) {
      await listen(broker, {
        listener: (message) => {
          heard.push(`${name}#${message.deliveryAttempt}`);
          return name === 'weak' ? 'failure' : 'success';
        },
      });
    }
    await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await broker.drain();
    expect(heard.sort()).toEqual(['strong#1', 'weak#1', 'weak#2', 'weak#3']);
    await broker.close();
  });

  test('says what a paused broadcast consumer has left, and does not wait for one that is closed', async () => {
    const broker = await openTestBroker();
    const consumer = await listen(broker, {});
    consumer.pause();
    await broker.createProducer().send({ topic: 'prices', body: 'x' });
    await expect(broker.drain()).rejects.toThrow(/group "caches", topic "prices", queue \d: 1 messages/);
    await consumer.close();
    await broker.drain();
    await broker.close();
  });
});
