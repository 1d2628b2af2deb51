import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBrokerError, type Transaction } from '../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

type Step =
  | {
      readonly kind: 'begin';
      readonly messages: number;
      readonly end: 'commit' | 'rollback' | 'none';
      readonly durability: 'sync' | 'async';
    }
  | { readonly kind: 'checkEnds'; readonly outcome: 'commit' | 'rollback' }
  | { readonly kind: 'crashInMidEnd'; readonly outcome: 'commit' | 'rollback'; readonly turns: number }
  | { readonly kind: 'failedEnd'; readonly outcome: 'commit' | 'rollback'; readonly applied: boolean }
  | { readonly kind: 'crash' | 'close' | 'checkpoint' };

const outcome = fc.constantFrom('commit' as const, 'rollback' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('begin' as const),
      messages: fc.integer({ min: 1, max: 4 }),
      end: fc.constantFrom('commit' as const, 'rollback' as const, 'none' as const),
      durability: fc.constantFrom('sync' as const, 'async' as const),
    }),
  },
  fc.record({ kind: fc.constant('checkEnds' as const), outcome }),
  fc.record({ kind: fc.constant('crashInMidEnd' as const), outcome, turns: fc.nat(6) }),
  fc.record({ kind: fc.constant('failedEnd' as const), outcome, applied: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('crash' as const, 'close' as const, 'checkpoint' as const) }),
);

type Fate = 'pending' | 'commit' | 'rollback' | 'unknown';

class Flow {
  readonly clock = new ManualClock();
  readonly plan = new FaultPlan();
  /** By transaction id: what it holds, and what became of it. */
  readonly fates = new Map<string, { readonly bodies: string[]; fate: Fate }>();
  /** What a checker answers. */
  answer: 'commit' | 'rollback' | 'unknown' = 'unknown';
  broker!: TestBroker;
  #next = 0;

  static async open(seed: number): Promise<Flow> {
    const flow = new Flow();
    flow.broker = await openTestBroker({ clock: flow.clock, seed, failures: flow.plan, transaction: { maxChecks: 100_000 } });
    return flow;
  }

  async begin(messages: number, durability: 'sync' | 'async'): Promise<Transaction> {
    const transaction = this.broker.createProducer().beginTransaction();
    const bodies: string[] = [];
    this.fates.set(transaction.transactionId, { bodies, fate: 'pending' });
    for (let i = 0; i < messages; i++) {
      const body = `m${this.#next++}`;
      bodies.push(body);
      await transaction.send({ topic: i % 2 === 0 ? 'even' : 'odd', body }, { durability });
    }
    return transaction;
  }

  async run(one: Step): Promise<void> {
    if (one.kind === 'begin') {
      const transaction = await this.begin(one.messages, one.durability);
      if (one.end === 'none') return;
      await transaction[one.end]({ durability: one.durability });
      this.#fate(transaction, one.end);
    } else if (one.kind === 'checkEnds') await this.checkEnds(one.outcome);
    else if (one.kind === 'crashInMidEnd') {
      const transaction = await this.begin(2, 'sync');
      const ending = transaction[one.outcome]().then(
        () => this.#fate(transaction, one.outcome),
        () => this.#fate(transaction, 'unknown'),
      );
      for (let turn = 0; turn < one.turns; turn++) await undefined;
      await this.broker.crash();
      await ending;
      await this.broker.reopen();
    } else if (one.kind === 'failedEnd') {
      const transaction = await this.begin(2, 'sync');
      this.plan.failWrite('log', 1, { applied: one.applied });
      const ending = transaction[one.outcome]().catch((error: unknown) => error);
      await this.clock.advance(2_000);
      // The broker heals, and what is on the disk decides: the end is told its own outcome.
      this.#fate(transaction, isBrokerError(await ending) ? 'pending' : one.outcome);
    } else if (one.kind === 'checkpoint') await this.clock.advance(5_500);
    else {
      if (one.kind === 'crash') await this.broker.crash();
      else await this.broker.close();
      await this.broker.reopen();
    }
  }

  /** A producer that has come back ends everything that is left. */
  async checkEnds(result: 'commit' | 'rollback'): Promise<void> {
    const producer = this.broker.createProducer({ transactionChecker: () => result });
    await this.clock.advance(120_000);
    await producer.close();
    for (const known of this.fates.values()) {
      if (known.fate === 'pending') known.fate = result;
      // An end that a crash cut off is there, or the check has ended it.
    }
    expect((await this.broker.admin.listTransactions()).items).toEqual([]);
  }

  async check(): Promise<void> {
    await this.clock.settle();
    const consumer = await this.broker.createSimpleConsumer({ group: 'g', subscriptions: { even: '*', odd: '*' }, awaitDurationMs: 0 });
    const seen: string[] = [];
    for (
      let messages = await consumer.receive({ maxMessages: 1_000 });
      messages.length > 0;
      messages = await consumer.receive({ maxMessages: 1_000 })
    ) {
      seen.push(...messages.map((message) => message.text()));
      await consumer.ack(messages);
    }
    expect(new Set(seen).size).toBe(seen.length);
    for (const { bodies, fate } of this.fates.values()) {
      const delivered = bodies.filter((body) => seen.includes(body));
      // All or none, whatever became of it.
      expect([0, bodies.length]).toContain(delivered.length);
      if (fate === 'commit') expect(delivered).toEqual(bodies);
      if (fate === 'rollback' || fate === 'pending') expect(delivered).toEqual([]);
    }
  }

  #fate({ transactionId }: Transaction, fate: Fate): void {
    const known = this.fates.get(transactionId);
    if (known !== undefined) known.fate = fate;
  }
}

test('over crashes, failed ends and checks a transaction is delivered whole or not at all, as its end says', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(), outcome, async (steps, seed, last) => {
      const flow = await Flow.open(seed);
      for (const one of steps) await flow.run(one);
      await flow.checkEnds(last);
      await flow.check();
      await flow.broker.close();
    }),
    { numRuns: 60 },
  );
});
