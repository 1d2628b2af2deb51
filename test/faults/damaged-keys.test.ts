import { describe, expect, test } from 'vitest';
import { Broker, isBrokerError, type Message } from '../../src/index.ts';
import { type CorruptionKind, ManualClock, SimulatedDisk, seededRandom } from '../../src/testing/index.ts';

const HOUR_MS = 3_600_000;
const KEYS: readonly string[] = Array.from({ length: 8 }, (_, number) => `k${number}`);
const kinds: readonly CorruptionKind[] = ['flip', 'zero', 'truncate'];
/** Runs of dedup keys, as their keys begin in the index. */
const isRun = ([key]: readonly [string, string]): boolean => key.startsWith('60');

function message(dedupKey: string): Message {
  return { topic: 'once', body: `first ${dedupKey}`, dedupKey };
}

/** A closed store of two lives: a message for each key, over several checkpoints. */
async function makeDisk(clock: ManualClock): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  for (let life = 0; life < 2; life++) {
    const broker = await Broker.open({ storage: disk, clock, logger: false });
    await broker.admin.createTopic('once', { queueCount: 2, dedupWindowMs: HOUR_MS });
    for (const [number, key] of KEYS.entries()) {
      if (number % 2 !== life) continue;
      await broker.createProducer().send(message(key));
      if (number > 3) await clock.advance(6_000);
    }
    await broker.close();
  }
  return disk;
}

/** A broker on a disk that may be damaged, and what it says. */
class Life {
  readonly reports: string[] = [];
  readonly broker: Broker;

  private constructor(broker: Broker) {
    this.broker = broker;
    broker.events.on('damage', ({ store }) => this.reports.push(store));
  }

  static async open(disk: SimulatedDisk, clock: ManualClock): Promise<Life> {
    return new Life(await Broker.open({ storage: disk, clock, logger: false }));
  }

  /** What becomes of a message that says it is the second with its key. */
  async sendAgain(dedupKey: string): Promise<string> {
    const again = { ...message(dedupKey), body: `again ${dedupKey}` };
    try {
      return (await this.broker.createProducer().send(again)).duplicate === true ? 'duplicate' : 'stored';
    } catch (error) {
      if (!isBrokerError(error)) throw error;
      return error.code;
    }
  }

  async sendAllAgain(): Promise<string[]> {
    const outcomes: string[] = [];
    for (const key of KEYS) outcomes.push(await this.sendAgain(key));
    return outcomes;
  }

  /** Bodies of everything that can be read, in order. */
  async read(): Promise<string[]> {
    const consumer = await this.broker.createSimpleConsumer({ group: 'g', subscriptions: { once: '*' }, awaitDurationMs: 0 });
    const bodies: string[] = [];
    for (let views = await consumer.receive(); views.length > 0; views = await consumer.receive())
      bodies.push(...views.map((view) => view.text()));
    return bodies.toSorted();
  }
}

const firsts = KEYS.map((key) => `first ${key}`);
const allDuplicates = KEYS.map(() => 'duplicate');

describe('a damaged run of dedup keys', { timeout: 60_000 }, () => {
  test('is reported, has messages with a key refused and no other, and is healed from the log by the next opening', async () => {
    const clock = new ManualClock();
    const random = seededRandom(11);
    const whole = await makeDisk(clock);
    const runs = whole.dump('index').flatMap((entry, number) => (isRun(entry) ? [number] : []));
    expect(runs.length).toBeGreaterThan(3);
    for (const run of runs) {
      for (const kind of kinds) {
        const what = `run ${run}, ${kind}`;
        const disk = whole.clone();
        disk.corrupt('index', run, kind, random);
        // Whoever only opens and closes must not make it worse.
        await (await Life.open(disk, clock)).broker.close();
        const life = await Life.open(disk, clock);
        expect(new Set(await life.sendAllAgain()), what).toEqual(new Set(['MQ_STORE_CORRUPT']));
        expect(life.reports, what).toEqual(['index']);
        expect((await life.broker.createProducer().send({ topic: 'once', body: 'without a key' })).duplicate, what).toBeUndefined();
        await life.broker.close();
        const healed = await Life.open(disk, clock);
        expect(await healed.sendAllAgain(), what).toEqual(allDuplicates);
        expect(await healed.read(), what).toEqual([...firsts, 'without a key']);
        await healed.broker.close();
      }
    }
  });

  test('does not stand in the way of a close, also where a longer window has it read by the checkpoint', async () => {
    const clock = new ManualClock();
    const disk = await makeDisk(clock);
    disk.corrupt('index', disk.dump('index').findIndex(isRun), 'flip', seededRandom(12));
    const life = await Life.open(disk, clock);
    await life.broker.admin.updateTopic('once', { dedupWindowMs: 2 * HOUR_MS });
    await life.broker.createProducer().send({ topic: 'once', body: 'last' }, { durability: 'async' });
    await clock.advance(6_000);
    await life.broker.createProducer().send({ topic: 'once', body: 'very last' }, { durability: 'async' });
    await life.broker.close();
    expect(life.reports).toEqual(['index']);
    // What a close has confirmed no power cut takes.
    disk.powerCut();
    const healed = await Life.open(disk, clock);
    expect(await healed.sendAllAgain()).toEqual(allDuplicates);
    expect(await healed.read()).toEqual([...firsts, 'last', 'very last']);
    await healed.broker.close();
  });
});

describe('a damaged block of the log', { timeout: 60_000 }, () => {
  test.each(['as it was', 'built again'] as const)(
    'frees the key of the message that is gone with it, and of no other; the index is %s',
    async (index) => {
      const clock = new ManualClock();
      const random = seededRandom(13);
      const whole = await makeDisk(clock);
      const blocks = whole.dump('log').length;
      const topicBlock = whole.dump('log').findIndex(([, value]) => value.includes(Buffer.from('"once"').toString('hex')));
      let freed = 0;
      for (let block = 0; block < blocks; block++) {
        for (const kind of kinds) {
          const what = `block ${block} of ${blocks}, ${kind}`;
          const disk = whole.clone();
          disk.corrupt('log', block, kind, random);
          if (index === 'built again') disk.deleteStore('index');
          const life = await Life.open(disk, clock);
          const outcomes = await life.sendAllAgain();
          const bodies = await life.read();
          const expected = KEYS.map((key, number) => (outcomes[number] === 'stored' ? `again ${key}` : `first ${key}`));
          expect(bodies, what).toEqual(expected.toSorted());
          const stored = outcomes.filter((outcome) => outcome === 'stored').length;
          if (stored > 0) expect(life.reports, what).toContain('log');
          // A topic whose creation is gone has lost all its messages.
          const isTopicGone = index === 'built again' && block === topicBlock;
          if (isTopicGone) expect(stored, what).toBe(KEYS.length);
          else expect(stored, what).toBeLessThanOrEqual(1);
          if (!isTopicGone) freed += stored;
          await life.broker.close();
        }
      }
      expect(freed).toBe(KEYS.length * kinds.length);
    },
  );
});
