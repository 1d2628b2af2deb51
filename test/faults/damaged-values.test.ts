import { describe, expect, test } from 'vitest';
import { Broker, isBrokerError } from '../../src/index.ts';
import { type CorruptionKind, ManualClock, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';

const MESSAGES = 24;
const subscriptions = { orders: '*' };

/** A closed store with messages, acknowledgements, a wait and a dead letter, over several checkpoints. */
async function makeDisk(clock: ManualClock): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  for (let life = 0; life < 2; life++) {
    const broker = await Broker.open({ storage: disk, clock, logger: false });
    await broker.admin.createTopic('orders', { queueCount: 2 });
    const producer = broker.createProducer();
    const done = await broker.createSimpleConsumer({ group: 'done', subscriptions, awaitDurationMs: 0, maxMessages: 4 });
    for (let i = 0; i < MESSAGES / 2; i++) {
      const id = `m${life * (MESSAGES / 2) + i}`;
      await producer.send({ topic: 'orders', body: id.repeat(20), keys: [id], messageGroup: `g${i % 3}` });
      if (i % 4 === 3) await clock.advance(6_000);
    }
    const [first, ...others] = await done.receive();
    if (first !== undefined) await done.forwardToDeadLetter(first);
    await done.ack(others);
    await broker.close();
  }
  return disk;
}

interface Findings {
  readonly refusal?: string;
  readonly reports: readonly string[];
  readonly wrong: readonly string[];
  readonly everything: readonly string[];
  /** What the group `done` gets, without the dead letters. */
  readonly left: readonly string[];
  readonly dead: number;
}

async function examine(disk: SimulatedDisk, clock: ManualClock): Promise<Findings> {
  const reports: string[] = [];
  const wrong: string[] = [];
  let broker: Broker;
  try {
    broker = await Broker.open({ storage: disk, clock, logger: false });
  } catch (error) {
    if (!isBrokerError(error)) throw error;
    return { refusal: error.code, reports: [error.code], wrong, everything: [], left: [], dead: 0 };
  }
  broker.events.on('damage', (damage) => reports.push(damage.detail));
  const reported = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isBrokerError(error)) throw error;
      reports.push(error.code);
      return otherwise;
    }
  };
  const receiveAll = async (group: string): Promise<string[]> => {
    const consumer = await broker.createSimpleConsumer({ group, subscriptions, awaitDurationMs: 0 });
    const ids: string[] = [];
    for (let views = await consumer.receive(); views.length > 0; views = await consumer.receive()) {
      for (const view of views) {
        ids.push(view.keys[0] ?? '');
        if (view.text() !== (view.keys[0] ?? '').repeat(20)) wrong.push(`${view.keys[0]} is ${view.text()}`);
      }
      await consumer.ack(views);
    }
    return ids.toSorted();
  };
  const everything = await reported(() => receiveAll('verify'), []);
  const dead = await reported(async () => (await broker.admin.listDeadLetters('done')).items.length, 0);
  const left = await reported(() => receiveAll('done'), []);
  await reported(() => broker.close(), undefined);
  return { reports, wrong, everything, left, dead };
}

const kinds: readonly CorruptionKind[] = ['flip', 'zero', 'truncate'];

describe('one damaged value', { timeout: 60_000 }, () => {
  test('of the index is reported and healed from the log by the next opening, whichever it is', async () => {
    const clock = new ManualClock();
    const random = seededRandom(7);
    const whole = await makeDisk(clock);
    const expected = await examine(whole.clone(), clock);
    expect(expected).toMatchObject({ reports: [], wrong: [], dead: 2 });
    expect(expected.everything).toHaveLength(MESSAGES);
    const count = whole.dump('index').length;
    expect(count).toBeGreaterThan(10);
    for (let key = 0; key < count; key++) {
      for (const kind of kinds) {
        const disk = whole.clone();
        disk.corrupt('index', key, kind, random);
        // Whoever only opens and closes must not make it worse.
        const broker = await Broker.open({ storage: disk, clock, logger: false });
        await broker.close();
        const found = await examine(disk, clock);
        const again = found.reports.length > 0 ? await examine(disk, clock) : found;
        const what = `key ${key} of ${count}, ${kind}: ${found.reports}`;
        expect(found.wrong, what).toEqual([]);
        // What the first examination acknowledged is gone; the two together have seen everything.
        expect(new Set([...found.everything, ...again.everything]), what).toEqual(new Set(expected.everything));
        expect(new Set([...found.left, ...again.left]), what).toEqual(new Set(expected.left));
        expect(again.dead, what).toBe(expected.dead);
        if (found.reports.length > 0)
          expect(
            again.reports.filter((report) => !report.includes('was built again')),
            what,
          ).toEqual([]);
      }
    }
  });

  test('of the log is reported, and nothing else is lost with it', async () => {
    const clock = new ManualClock();
    const random = seededRandom(8);
    const whole = await makeDisk(clock);
    const expected = await examine(whole.clone(), clock);
    const count = whole.dump('log').length;
    expect(count).toBeGreaterThan(20);
    const outcomes = { refused: 0, reported: 0, harmless: 0 };
    for (let key = 0; key < count; key++) {
      for (const kind of [...kinds, 'delete'] as const) {
        const disk = whole.clone();
        disk.corrupt('log', key, kind, random);
        const found = await examine(disk, clock);
        const what = `key ${key} of ${count}, ${kind}: ${found.reports}`;
        expect(found.wrong, what).toEqual([]);
        if (found.refusal !== undefined) {
          expect(found.refusal, what).toMatch(/^MQ_STORE_(DAMAGED|CORRUPT)$/);
          outcomes.refused++;
          continue;
        }
        const missing = expected.everything.filter((id) => !found.everything.includes(id));
        expect(missing.length, what).toBeLessThanOrEqual(1);
        if (missing.length > 0) expect(found.reports, what).not.toEqual([]);
        if (found.reports.length > 0) outcomes.reported++;
        else outcomes.harmless++;
      }
    }
    console.log(`damaged values of the log: ${JSON.stringify(outcomes)}`);
  });
});
