import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SendReceipt } from '../src/index.ts';
import { ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

const WINDOW_MS = 20_000;

type Step =
  | { readonly kind: 'send' | 'together'; readonly keys: readonly number[] }
  | { readonly kind: 'delay' | 'recall' | 'rollback'; readonly key: number }
  | { readonly kind: 'pass' | 'window'; readonly ms: number }
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
  fc.record({ kind: fc.constant('window' as const), ms: fc.constantFrom(WINDOW_MS / 4, WINDOW_MS, 3 * WINDOW_MS, 20 * WINDOW_MS) }),
  fc.record({ kind: fc.constantFrom('crash' as const, 'close' as const) }),
);

interface Stored {
  readonly receipt: SendReceipt;
  readonly atMs: number;
  /** Its window was over once; a longer one may have come too late for it, and may not. */
  isDoubtful: boolean;
}

/** The rule in its simplest form: what was stored by key, the newest first, and when. */
class Model {
  readonly clock = new ManualClock();
  readonly #byKey = new Map<number, Stored[]>();
  windowMs = WINDOW_MS;
  stored = 0;

  /** Messages that another with the key may be a duplicate of; the last of them, where it is not doubtful, has it be one of something. */
  candidates(of: number): readonly Stored[] {
    const inWindow = (this.#byKey.get(of) ?? []).filter(({ atMs }) => atMs > this.clock.now() - this.windowMs);
    const certain = inWindow.findIndex(({ isDoubtful }) => !isDoubtful);
    return certain < 0 ? inWindow : inWindow.slice(0, certain + 1);
  }

  /** Whether the answer to a send with the key may say that it is a duplicate, or not. */
  check(of: number, isDuplicate: boolean): void {
    const candidates = this.candidates(of);
    if (isDuplicate) expect(candidates.length).toBeGreaterThan(0);
    else expect(candidates.every(({ isDoubtful }) => isDoubtful)).toBe(true);
  }

  /** What a send must have been answered, and what it changes. */
  take(of: number, receipt: SendReceipt): void {
    this.check(of, receipt.duplicate === true);
    if (receipt.duplicate === true) {
      const { duplicate: _, durability: __, ...told } = receipt;
      expect(this.candidates(of).map(({ receipt: { durability, ...first } }) => first)).toContainEqual(told);
      return;
    }
    this.#byKey.set(of, [{ receipt, atMs: this.clock.now(), isDoubtful: false }, ...(this.#byKey.get(of) ?? [])]);
    this.stored++;
  }

  newest(of: number): SendReceipt | undefined {
    return this.#byKey.get(of)?.[0]?.receipt;
  }

  takeBack(of: number): void {
    this.#byKey.get(of)?.shift();
    this.stored--;
  }

  /** Time has passed, or the window has changed. */
  age(): void {
    for (const stored of [...this.#byKey.values()].flat()) stored.isDoubtful ||= stored.atMs <= this.clock.now() - this.windowMs;
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
    const { recallHandle } = model.newest(one.key) ?? {};
    if (recallHandle === undefined) return;
    const isRecalled = await producer.recall('once', recallHandle).then(
      () => true,
      () => false,
    );
    if (!isRecalled) return;
    model.takeBack(one.key);
  } else if (one.kind === 'rollback') {
    const transaction = producer.beginTransaction();
    const receipt = await transaction.send(message(one.key));
    model.check(one.key, receipt.duplicate === true);
    await transaction.rollback();
  } else if (one.kind === 'pass') await model.clock.advance(one.ms);
  else if (one.kind === 'window') {
    await broker.admin.updateTopic('once', { dedupWindowMs: one.ms });
    model.windowMs = one.ms;
  } else {
    if (one.kind === 'crash') await broker.crash();
    else await broker.close();
    await broker.reopen();
  }
}

test('whatever is sent, recalled and rolled back, over crashes, reopenings and other windows, a key stores one message a window', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.integer(), async (steps, seed) => {
      const model = new Model();
      const broker = await openTestBroker({ clock: model.clock, seed, durability: 'sync' });
      await broker.admin.createTopic('once', { queueCount: 2, dedupWindowMs: WINDOW_MS });
      for (const one of steps) {
        await run(one, model, broker);
        model.age();
      }
      const topic = await broker.admin.getTopic('once');
      const visible = (topic?.queues ?? []).reduce((sum, { maxOffset }) => sum + maxOffset, 0);
      expect(visible + (topic?.delayed ?? 0)).toBe(model.stored);
      await broker.close();
    }),
    { numRuns: 1000 },
  );
});

// A longer window is written down at once, but where the keys lie in the index only by the next checkpoint. A process that died before it, and
// another that sent nothing for a minute, looked for the keys where they would have been.
test('a window that was made longer just before a crash holds for the keys that were sent before', async () => {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createTopic('once', { dedupWindowMs: WINDOW_MS });
  const send = () => broker.createProducer().send({ topic: 'once', body: 'x', dedupKey: 'k' });
  await send();
  await broker.close();
  await broker.reopen();
  await broker.admin.updateTopic('once', { dedupWindowMs: 20 * WINDOW_MS });
  await broker.crash();
  await broker.reopen();
  await clock.advance(3 * WINDOW_MS);
  expect((await send()).duplicate).toBe(true);
  await broker.close();
});
