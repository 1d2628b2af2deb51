import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SendReceipt } from '../src/index.ts';
import { ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

const WINDOW_MS = 20_000;

type Step =
  | { readonly kind: 'send' | 'together'; readonly keys: readonly number[] }
  | { readonly kind: 'delay' | 'recall' | 'rollback'; readonly key: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'crash' | 'close' };

const key = fc.nat(4);
const keys = fc.array(key, { minLength: 1, maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('send' as const, 'together' as const), keys }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('delay' as const, 'recall' as const, 'rollback' as const), key }) },
  // Checkpoints come every few seconds; a window ends exactly, or a millisecond beside it.
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 6_000, WINDOW_MS - 1, WINDOW_MS, 3 * WINDOW_MS) }),
  },
  fc.record({ kind: fc.constantFrom('crash' as const, 'close' as const) }),
);

interface First {
  readonly receipt: SendReceipt;
  readonly atMs: number;
}

/** The rule in its simplest form: who was first, by key, and when. */
class Model {
  readonly clock = new ManualClock();
  readonly firsts = new Map<number, First>();
  stored = 0;

  first(of: number): First | undefined {
    const first = this.firsts.get(of);
    return first !== undefined && first.atMs > this.clock.now() - WINDOW_MS ? first : undefined;
  }

  /** What a send must have been answered, and what it changes. */
  take(of: number, receipt: SendReceipt): void {
    const first = this.first(of);
    if (first === undefined) {
      expect(receipt.duplicate).toBeUndefined();
      this.firsts.set(of, { receipt, atMs: this.clock.now() });
      this.stored++;
    } else expect(receipt).toEqual({ ...first.receipt, durability: receipt.durability, duplicate: true });
  }
}

async function run(one: Step, model: Model, broker: TestBroker): Promise<void> {
  const producer = broker.createProducer();
  const message = (of: number): { topic: string; body: string; dedupKey: string } => ({ topic: 'once', body: 'x', dedupKey: `k${of}` });
  if (one.kind === 'send') {
    const receipts = await producer.sendBatch(one.keys.map(message));
    for (const [i, receipt] of receipts.entries()) model.take(one.keys[i] as number, receipt);
  } else if (one.kind === 'together') {
    const receipts = await Promise.all(one.keys.map((of) => producer.send(message(of))));
    for (const [i, receipt] of receipts.entries()) model.take(one.keys[i] as number, receipt);
  } else if (one.kind === 'delay') {
    model.take(one.key, await producer.send({ ...message(one.key), delayMs: 30 * 86_400_000 }));
  } else if (one.kind === 'recall') {
    const { recallHandle } = model.firsts.get(one.key)?.receipt ?? {};
    if (recallHandle === undefined) return;
    const isRecalled = await producer.recall('once', recallHandle).then(
      () => true,
      () => false,
    );
    if (!isRecalled) return;
    model.firsts.delete(one.key);
    model.stored--;
  } else if (one.kind === 'rollback') {
    const transaction = producer.beginTransaction();
    const receipt = await transaction.send(message(one.key));
    expect(receipt.duplicate === true).toBe(model.first(one.key) !== undefined);
    await transaction.rollback();
  } else if (one.kind === 'pass') await model.clock.advance(one.ms);
  else {
    if (one.kind === 'crash') await broker.crash();
    else await broker.close();
    await broker.reopen();
  }
}

test('whatever is sent, recalled, rolled back, crashed and reopened, a key stores one message a window', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.integer(), async (steps, seed) => {
      const model = new Model();
      const broker = await openTestBroker({ clock: model.clock, seed, durability: 'sync' });
      await broker.admin.createTopic('once', { queueCount: 2, dedupWindowMs: WINDOW_MS });
      for (const one of steps) await run(one, model, broker);
      const topic = await broker.admin.getTopic('once');
      const visible = (topic?.queues ?? []).reduce((sum, { maxOffset }) => sum + maxOffset, 0);
      expect(visible + (topic?.delayed ?? 0)).toBe(model.stored);
      await broker.close();
    }),
    { numRuns: 400 },
  );
});
