import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBrokerError } from '../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

type Step =
  | { readonly kind: 'unit'; readonly durability: 'sync' | 'async'; readonly settles: boolean }
  | { readonly kind: 'failedWrite'; readonly applied: boolean }
  | { readonly kind: 'checkpoint' | 'crash' | 'powerCut' | 'powerCutWithHoles' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('unit' as const),
      durability: fc.constantFrom('sync' as const, 'async' as const),
      settles: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('failedWrite' as const), applied: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('checkpoint' as const, 'crash' as const, 'powerCut' as const, 'powerCutWithHoles' as const) }),
);

/** What is known of the units: a unit of the number n has the values n/a and n/b, sends n, and settles the input n where it settles one. */
class Units {
  readonly certain = new Set<number>();
  readonly uncertain = new Set<number>();
  readonly notDurable = new Set<number>();
  next = 0;
}

async function runUnit(broker: TestBroker, units: Units, number: number, { durability, settles }: Step & { kind: 'unit' }): Promise<void> {
  const { messageId } = await broker.createProducer().send({ topic: 'input', body: `${number}` });
  const consumer = await broker.createSimpleConsumer({ group: 'workers', subscriptions: { input: '*' }, awaitDurationMs: 0 });
  const messages = settles ? await consumer.receive({ maxMessages: 1_000 }) : [];
  const own = messages.filter((message) => message.messageId === messageId);
  await broker.atomic(
    (unit) => {
      unit.ack(own);
      unit.put(`${number}/a`, 'x');
      unit.send({ topic: 'output', body: `${number}` });
      unit.put(`${number}/b`, 'x');
    },
    { durability },
  );
  if (durability === 'sync') {
    // A barrier covers everything that was put before it.
    for (const earlier of units.notDurable) units.certain.add(earlier);
    units.notDurable.clear();
    units.certain.add(number);
  } else units.notDurable.add(number);
  await consumer.close();
}

async function run(broker: TestBroker, clock: ManualClock, plan: FaultPlan, one: Step, units: Units): Promise<void> {
  if (one.kind === 'unit') {
    await runUnit(broker, units, ++units.next, one);
    return;
  }
  if (one.kind === 'failedWrite') {
    const number = ++units.next;
    plan.failWrite('log', 1, { applied: one.applied });
    const outcome = await broker
      .atomic((unit) => {
        unit.put(`${number}/a`, 'x');
        unit.put(`${number}/b`, 'x');
        unit.send({ topic: 'output', body: `${number}` });
      })
      .catch((error: unknown) => error);
    await clock.advance(2_000);
    for (const earlier of units.notDurable) units.certain.add(earlier);
    units.notDurable.clear();
    if (isBrokerError(outcome)) units.uncertain.add(number);
    else units.certain.add(number);
    return;
  }
  if (one.kind === 'checkpoint') {
    await clock.advance(10_000);
    for (const earlier of units.notDurable) units.certain.add(earlier);
    units.notDurable.clear();
    return;
  }
  if (one.kind === 'crash') await broker.crash();
  else {
    await broker.powerCut({ survivors: one.kind === 'powerCut' ? 'none' : 'holes' });
    for (const lost of units.notDurable) units.uncertain.add(lost);
    units.notDurable.clear();
  }
  await broker.reopen();
}

/** Every unit is whole or absent, and what was promised is there. */
async function check(broker: TestBroker, units: Units): Promise<void> {
  const consumer = await broker.createSimpleConsumer({ group: 'audit', subscriptions: { output: '*' }, awaitDurationMs: 0 });
  const sent: number[] = [];
  for (let messages = await consumer.receive(); messages.length > 0; messages = await consumer.receive()) {
    sent.push(...messages.map((message) => Number(message.text())));
    await consumer.ack(messages);
  }
  expect(new Set(sent).size).toBe(sent.length);
  for (let number = 1; number <= units.next; number++) {
    const [a, b] = await broker.store.getMany([`${number}/a`, `${number}/b`]);
    expect([a !== undefined, b !== undefined]).toEqual([sent.includes(number), sent.includes(number)]);
    if (!units.uncertain.has(number)) expect(sent).toContain(number);
  }
}

test('I12: over crashes, power cuts and failed writes a unit is whole or absent, and a promised one is there', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.nat(), async (steps, seed) => {
      const clock = new ManualClock();
      const plan = new FaultPlan();
      const broker = await openTestBroker({ clock, seed, failures: plan });
      for (const topic of ['input', 'output']) await broker.admin.createTopic(topic, { queueCount: 1 });
      const units = new Units();
      for (const one of steps) await run(broker, clock, plan, one, units);
      await check(broker, units);
      await broker.close();
    }),
    { numRuns: 60 },
  );
});
