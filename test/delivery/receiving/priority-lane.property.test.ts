import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageView, SimpleConsumer } from '../../../src/index.ts';
import { openTestBroker, type TestBroker } from '../../../src/testing/index.ts';

type Step =
  | { readonly kind: 'send'; readonly priorities: readonly number[] }
  | { readonly kind: 'receive'; readonly count: number }
  | { readonly kind: 'ack' | 'giveBack'; readonly which: number }
  | { readonly kind: 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), priorities: fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }) }),
  fc.record({ kind: fc.constant('receive' as const), count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constantFrom('ack' as const, 'giveBack' as const), which: fc.nat(50) }),
  fc.record({ kind: fc.constant('reopen' as const) }),
);

/** The rule in its simplest form: visible messages in the order of their sends. */
class Model {
  readonly visible = new Map<string, number>();
  readonly held = new Map<string, { priority: number; view: MessageView }>();
  picked = 0;
  sent = 0;

  pick(): string | undefined {
    const waiting = [...this.visible].sort(([left], [right]) => Number(left) - Number(right));
    const isTurnOfOldest = this.picked % 16 === 15;
    const highest = Math.max(...this.visible.values());
    const chosen = isTurnOfOldest ? waiting[0] : waiting.find(([, priority]) => priority === highest);
    if (chosen !== undefined) this.picked++;
    return chosen?.[0];
  }
}

async function receive(model: Model, consumer: SimpleConsumer, count: number): Promise<void> {
  const views = await consumer.receive({ maxMessages: count, awaitDurationMs: 0, invisibleDurationMs: 3_600_000 });
  // A receive may bring less than there is, but not nothing.
  expect(views.length).toBeLessThanOrEqual(count);
  expect(views.length > 0).toBe(model.visible.size > 0);
  const expected: string[] = [];
  for (const _ of views) {
    const name = model.pick() as string;
    expected.push(name);
    const view = views.find((one) => one.text() === name) as MessageView;
    model.held.set(name, { priority: model.visible.get(name) as number, view });
    model.visible.delete(name);
  }
  expect(views.map((view) => view.text())).toEqual(expected);
  for (const view of views) expect(view.priority).toBe(model.held.get(view.text())?.priority);
}

async function run(steps: readonly Step[], broker: TestBroker): Promise<void> {
  const model = new Model();
  const open = (): Promise<SimpleConsumer> => broker.createSimpleConsumer({ group: 'g', subscriptions: { urgent: '*' } });
  await broker.admin.createTopic('urgent', { type: 'priority', queueCount: 1 });
  let consumer = await open();
  for (const one of steps) {
    if (one.kind === 'send') {
      for (const priority of one.priorities) {
        model.sent++;
        await broker.createProducer().send({ topic: 'urgent', body: `${model.sent}`, priority });
        model.visible.set(`${model.sent}`, priority);
      }
    } else if (one.kind === 'receive') await receive(model, consumer, one.count);
    else if (one.kind === 'reopen') {
      await broker.close();
      await broker.reopen();
      for (const [name, { priority }] of model.held) model.visible.set(name, priority);
      model.held.clear();
      consumer = await open();
    } else {
      const names = [...model.held.keys()];
      const name = names[one.which % Math.max(1, names.length)];
      const held = name === undefined ? undefined : model.held.get(name);
      if (name === undefined || held === undefined) continue;
      model.held.delete(name);
      if (one.kind === 'ack') await consumer.ack(held.view);
      else {
        await consumer.changeInvisibleDuration(held.view, 0);
        model.visible.set(name, held.priority);
      }
    }
  }
}

test('whatever is sent, given back and reopened, the highest goes first and every sixteenth is the oldest', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const broker = await openTestBroker();
      await broker.admin.createGroup('g', { maxAttempts: 1_000 });
      try {
        await run(steps, broker);
      } finally {
        await broker.close();
      }
    }),
    { numRuns: 60 },
  );
});
