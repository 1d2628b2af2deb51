import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBrokerError, type SimpleConsumer } from '../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

type Step =
  | { readonly kind: 'send'; readonly after: number; readonly by: 'instant' | 'delay'; readonly durability: 'sync' | 'async' }
  | { readonly kind: 'advance' | 'stepWallClock'; readonly ms: number }
  | { readonly kind: 'recall' | 'recallWhenDue'; readonly which: number }
  | { readonly kind: 'failedWrite'; readonly applied: boolean }
  | { readonly kind: 'crash' | 'close' | 'powerCut' | 'powerCutWithHoles' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      after: fc.constantFrom(1, 500, 5_000, 40_000, 100_000, 3_600_000),
      by: fc.constantFrom('instant' as const, 'delay' as const),
      durability: fc.constantFrom('sync' as const, 'async' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 499, 5_000, 30_000, 70_000, 1_800_000) }),
  },
  fc.record({ kind: fc.constant('stepWallClock' as const), ms: fc.constantFrom(-3_600_000, -1_000, 1_000, 600_000) }),
  fc.record({ kind: fc.constantFrom('recall' as const, 'recallWhenDue' as const), which: fc.nat(30) }),
  fc.record({ kind: fc.constant('failedWrite' as const), applied: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('crash' as const, 'close' as const, 'powerCut' as const, 'powerCutWithHoles' as const) }),
);

interface Waiting {
  readonly by: 'instant' | 'delay';
  readonly atMs: number;
  notBeforeMonotonicMs: number;
  readonly recallHandle: string;
  isDurable: boolean;
  /** A power cut may have taken it, or its recall. */
  mayBeLost: boolean;
  mayBeBack: boolean;
  fate: 'waits' | 'recalled' | 'delivered';
}

class Flow {
  readonly messages = new Map<string, Waiting>();
  readonly clock = new ManualClock();
  readonly plan = new FaultPlan();
  /**
   * How far the wall clock was set forward since the newest message with a delay, and since the newest that a power cut leaves for sure: a new
   * process believes the wall clock for what has passed since.
   */
  readonly steppedMs = { sinceSend: 0, sinceDurable: 0 };
  broker!: TestBroker;
  #consumer!: SimpleConsumer;

  static async open(seed: number): Promise<Flow> {
    const flow = new Flow();
    flow.broker = await openTestBroker({ clock: flow.clock, seed, failures: flow.plan });
    await flow.broker.admin.createTopic('later', { queueCount: 2 });
    await flow.attach();
    return flow;
  }

  async attach(): Promise<void> {
    this.#consumer = await this.broker.createSimpleConsumer({ group: 'g', subscriptions: { later: '*' }, awaitDurationMs: 0 });
  }

  async run(one: Step): Promise<void> {
    if (one.kind === 'send') await this.send(one);
    else if (one.kind === 'advance') await this.clock.advance(one.ms);
    else if (one.kind === 'stepWallClock') {
      this.clock.set(this.clock.now() + one.ms);
      this.steppedMs.sinceSend += Math.max(0, one.ms);
      this.steppedMs.sinceDurable += Math.max(0, one.ms);
    } else if (one.kind === 'recall' || one.kind === 'recallWhenDue') await this.recall(one.which, one.kind === 'recallWhenDue');
    else if (one.kind === 'failedWrite') {
      this.plan.failWrite('log', 1, { applied: one.applied });
      // Something has to be written, so that the failure does not wait for the next opening.
      const noise = this.broker.createProducer().send({ topic: 'noise', body: 'x' });
      await this.clock.advance(2_000);
      await noise.catch(() => undefined);
    } else await this.die(one.kind);
    await this.receive();
  }

  async send({ after, by, durability }: Step & { kind: 'send' }): Promise<void> {
    const name = `m${this.messages.size}`;
    const [atMs, notBeforeMonotonicMs] = [this.clock.now() + after, this.clock.monotonic() + after];
    const time = by === 'instant' ? { deliverAtMs: atMs } : { delayMs: after };
    const outcome = await this.broker
      .createProducer({ maxAttempts: 1 })
      .send({ topic: 'later', body: name, ...time }, { durability })
      .catch((error: unknown) => error);
    if (isBrokerError(outcome)) return void (await this.clock.advance(2_000));
    const { recallHandle = '' } = outcome as { recallHandle?: string };
    if (by === 'delay') this.steppedMs.sinceSend = 0;
    if (durability === 'sync') this.everythingIsDurable();
    const isDurable = durability === 'sync';
    this.messages.set(name, {
      by,
      atMs,
      notBeforeMonotonicMs,
      recallHandle,
      isDurable,
      mayBeLost: false,
      mayBeBack: false,
      fate: 'waits',
    });
  }

  everythingIsDurable(): void {
    this.steppedMs.sinceDurable = this.steppedMs.sinceSend;
    for (const message of this.messages.values()) message.isDurable = true;
  }

  async recall(which: number, whenDue: boolean): Promise<void> {
    const waiting = [...this.messages].filter(([, { fate, mayBeLost }]) => fate === 'waits' && !mayBeLost);
    const chosen = waiting[which % Math.max(1, waiting.length)]?.[1];
    if (chosen === undefined) return;
    const recalling = this.broker.createProducer().recall('later', chosen.recallHandle);
    // Its time and the recall meet in one turn: exactly one of them has it.
    const dueInMs = chosen.by === 'instant' ? chosen.atMs - this.clock.now() : chosen.notBeforeMonotonicMs - this.clock.monotonic();
    if (whenDue && dueInMs > 0) await this.clock.advance(dueInMs);
    const outcome = await recalling.catch((error: unknown) => error);
    if (!isBrokerError(outcome)) {
      chosen.fate = 'recalled';
      chosen.isDurable = false;
    } else if (outcome.code !== 'MQ_RECALL_TOO_LATE') {
      await this.clock.advance(2_000);
    }
  }

  async die(how: 'crash' | 'close' | 'powerCut' | 'powerCutWithHoles'): Promise<void> {
    if (how === 'crash') await this.broker.crash();
    else if (how === 'close') {
      await this.broker.close();
      this.everythingIsDurable();
    } else {
      await this.broker.powerCut({ survivors: how === 'powerCut' ? 'none' : 'holes' });
      for (const message of this.messages.values()) {
        if (message.fate === 'recalled' && !message.isDurable) message.mayBeBack = true;
        else if (!message.isDurable) message.mayBeLost = true;
        // Its delivery and acknowledgement may be undone too.
        if (message.fate === 'delivered') message.mayBeBack = true;
      }
    }
    const believedMs = how === 'crash' || how === 'close' ? this.steppedMs.sinceSend : this.steppedMs.sinceDurable;
    for (const message of this.messages.values()) message.notBeforeMonotonicMs -= believedMs;
    Object.assign(this.steppedMs, { sinceSend: 0, sinceDurable: 0 });
    await this.broker.reopen();
    await this.attach();
  }

  async receive(): Promise<void> {
    await this.clock.settle();
    for (let messages = await this.#consumer.receive(); messages.length > 0; messages = await this.#consumer.receive()) {
      for (const message of messages) {
        const known = this.messages.get(message.text());
        if (known === undefined) continue;
        if (known.fate !== 'waits' && !known.mayBeBack) throw new Error(`I7: ${message.text()} came although it was ${known.fate}`);
        // What was visible before a power cut may come again whatever the clocks read.
        const isFirst = known.fate === 'waits';
        if (isFirst && known.by === 'instant' && this.clock.now() < known.atMs)
          throw new Error(`I8: ${message.text()} came ${known.atMs - this.clock.now()} ms early`);
        if (isFirst && known.by === 'delay' && this.clock.monotonic() < known.notBeforeMonotonicMs)
          throw new Error(`I8: ${message.text()} came early`);
        known.fate = 'delivered';
        known.mayBeBack = false;
      }
      await this.#consumer.ack(messages);
    }
  }

  async end(): Promise<void> {
    await this.clock.advance(8 * 3_600_000);
    await this.receive();
    for (const [name, { fate, mayBeLost }] of this.messages)
      if (fate === 'waits' && !mayBeLost) throw new Error(`I1: ${name} waits for ever`);
    expect((await this.broker.admin.stats()).delayed).toBe(0);
    await this.broker.close();
  }
}

test('I7, I8: over crashes, stepped clocks, recalls and failed writes a delay message comes once, and never early', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.nat(), async (steps, seed) => {
      const flow = await Flow.open(seed);
      for (const one of steps) await flow.run(one);
      await flow.end();
    }),
    { numRuns: 150 },
  );
});
