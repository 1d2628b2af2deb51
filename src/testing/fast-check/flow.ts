import * as fc from 'fast-check';
import type { Message } from '../../index.ts';
import { ManualClock } from '../manual-clock.ts';
import { openTestBroker } from '../open-test-broker.ts';
import type { PowerCutChoice, TestBroker } from '../test-broker.ts';

/**
 * An application's flow of messages, and what must be true of it at the end.
 * @public
 * @since 0.1.0
 */
export interface FlowSpecification {
  /** Opens the application's consumers (and whatever else it needs); called after each opening of the broker, also after a crash. */
  readonly start: (broker: TestBroker) => Promise<void> | void;
  /** What is sent; see `arbitraries.message`. */
  readonly messages: fc.Arbitrary<Message>;
  /** Called when everything has been delivered, with the messages whose sends had a receipt. Throws when something is wrong. */
  readonly check: (broker: TestBroker, sent: readonly Message[]) => Promise<void> | void;
  /** Most steps of a run; default 30. */
  readonly maxSteps?: number | undefined;
  /** Whether the power may fail, which loses what was sent `async`; default false. */
  readonly powerCuts?: boolean | undefined;
}

/**
 * What happens to an application at random.
 * @public
 * @since 0.1.0
 */
export type FlowStep =
  | {
      /** A message is sent. */
      readonly kind: 'send';
      /** The message. */
      readonly message: Message;
      /** How it is sent. */
      readonly durability: 'sync' | 'async';
    }
  | {
      /** Time passes. */
      readonly kind: 'advance';
      /** How much, milliseconds. */
      readonly ms: number;
    }
  | {
      /** The process dies and starts again. */
      readonly kind: 'crash';
    }
  | {
      /** The power fails, and everything starts again. */
      readonly kind: 'powerCut';
      /** What is left of what no barrier had covered. */
      readonly survivors: NonNullable<PowerCutChoice['survivors']>;
    };

const DEFAULT_MAX_STEPS = 30;
const WAITS_MS = [1, 1_000, 30_000, 3_600_000];

/**
 * A property for `fc.assert`: the application runs while messages are sent, time passes, and the process dies and starts again, at random; at
 * the end everything is drained and `check` judges. A failing run shrinks, and repeats from fast-check's seed.
 *
 * @example
 * ```ts
 * const property = flow({
 *   start: startBilling,
 *   messages: arbitraries.message({ topic: 'orders' }),
 *   check: (broker, sent) => assert.equal(invoices(broker).length, sent.length),
 * });
 * await fc.assert(property);
 * ```
 * @public
 * @since 0.1.0
 */
export function flow(specification: FlowSpecification): fc.IAsyncPropertyWithHooks<[FlowStep[], number]> {
  const { messages, maxSteps = DEFAULT_MAX_STEPS, powerCuts = false } = specification;
  const send = fc.record({
    kind: fc.constant('send' as const),
    message: messages,
    durability: fc.constantFrom('sync' as const, 'async' as const),
  });
  const advance = fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(...WAITS_MS) });
  const crash = fc.constant({ kind: 'crash' as const });
  const powerCut = fc.record({
    kind: fc.constant('powerCut' as const),
    survivors: fc.constantFrom('none' as const, 'some' as const, 'holes' as const),
  });
  const step: fc.Arbitrary<FlowStep> = fc.oneof(
    { weight: 6, arbitrary: send },
    { weight: 2, arbitrary: advance },
    { weight: 1, arbitrary: powerCuts ? fc.oneof(crash, powerCut) : crash },
  );
  const steps = fc.array(step, { maxLength: maxSteps, size: 'max' });
  return fc.asyncProperty(steps, fc.nat(), (chosen, seed) => run(specification, chosen, seed));
}

/** A message that was sent, and whether a power cut leaves it. */
interface Sent {
  readonly message: Message;
  readonly isDurable: boolean;
}

async function run({ start, check }: FlowSpecification, steps: readonly FlowStep[], seed: number): Promise<void> {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock, seed });
  try {
    await start(broker);
    let left: readonly Sent[] = [];
    for (const step of steps) {
      left = await take(step, broker, left);
      if (step.kind === 'crash' || step.kind === 'powerCut') {
        await broker.reopen();
        await start(broker);
      }
    }
    await broker.drain();
    await check(
      broker,
      left.map(({ message }) => message),
    );
  } finally {
    await broker.close({ deadlineMs: 0 });
  }
}

/** Answers the messages that are sure to be there after the step. */
async function take(step: FlowStep, broker: TestBroker, sent: readonly Sent[]): Promise<readonly Sent[]> {
  switch (step.kind) {
    case 'send': {
      const { durability, message } = step;
      await broker.createProducer().send(message, { durability });
      // A barrier covers what was written before it, too.
      const before = durability === 'sync' ? sent.map((one) => ({ ...one, isDurable: true })) : sent;
      return [...before, { message, isDurable: durability === 'sync' }];
    }
    case 'advance':
      await (broker.clock as ManualClock).advance(step.ms);
      return sent;
    case 'crash':
      await broker.crash();
      return sent;
    case 'powerCut':
      await broker.powerCut({ survivors: step.survivors });
      return sent.filter(({ isDurable }) => isDurable);
    default:
      return step satisfies never;
  }
}
