import { afterEach, describe, expect, test, vi } from 'vitest';
import { Broker, type MessageListener, type TransactionChecker } from '../../src/index.ts';
import { ManualClock, openTestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// Listeners and checkers are code of others, and JavaScript lets anything be thrown and anything be a promise.

afterEach(() => {
  vi.restoreAllMocks();
});

/** A thenable that `await` takes, but whose `then` answers nothing. */
function laterRejected(): unknown {
  return {
    // biome-ignore lint/suspicious/noThenProperty: such values are what this is about.
    then: (_: unknown, reject: (error: Error) => void) => {
      queueMicrotask(() => reject(new Error('later')));
    },
  };
}

async function withoutReturn(): Promise<void> {
  await Promise.resolve();
}

function circular(): object {
  const response: Record<string, unknown> = { status: 500 };
  response['request'] = { response };
  return response;
}

const thrower = (thrown: () => unknown) => () => {
  throw thrown();
};
const listeners: Readonly<Record<string, () => unknown>> = {
  // They counted as successes: the message was acknowledged, and lost.
  'throws a promise': thrower(withoutReturn),
  'rejects with a promise': () => Promise.reject(withoutReturn()),
  'answers with a thenable whose `then` answers nothing': laterRejected,
  // They were rejections that nobody handled, which end the process.
  'throws an object without a prototype': thrower(() => Object.create(null)),
  'answers later with an object without a prototype': async () => Object.create(null),
  'throws an error whose text throws': thrower(() =>
    Object.defineProperty(new Error('x'), 'message', {
      get: thrower(() => new Error('from the text')),
    }),
  ),
};

describe('a listener that', () => {
  test.each(Object.entries(listeners))('%s has failed', async (_, listener) => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock, logger: false });
    await broker.admin.createGroup('group', { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [100] } });
    const attempts: number[] = [];
    await broker.createPushConsumer({
      group: 'group',
      subscriptions: { things: '*' },
      listener: ((message) => {
        attempts.push(message.deliveryAttempt);
        return listener();
      }) as MessageListener,
    });
    await broker.createProducer().send({ topic: 'things', body: 'x' });
    await turns();
    await clock.advance(200);
    await turns();
    expect(attempts).toEqual([1, 2]);
    expect((await broker.admin.listDeadLetters('group')).items).toHaveLength(1);
    await broker.close();
  });

  // The console's logger could not write it down, and the process ended.
  test.each([
    ['a cycle', circular],
    ['a big integer', () => 5n],
  ])('throws %s is logged', async (_, thrown) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const broker = await Broker.open({ storage: 'memory' });
    await broker.admin.createGroup('group', { maxAttempts: 1 });
    await broker.createPushConsumer({ group: 'group', subscriptions: { things: '*' }, listener: thrower(thrown) });
    await broker.createProducer().send({ topic: 'things', body: 'x' });
    await turns();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('a listener failed'));
    expect((await broker.admin.listDeadLetters('group')).items).toHaveLength(1);
    await broker.close();
  });
});

// The check was told as one that failed for a reason of the store's.
test('a checker that throws an object without a prototype has answered that it does not know', async () => {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const silent = (): undefined => undefined;
  const logger = { debug: silent, info: silent, warn: (_: object, message: string) => warnings.push(message), error: silent };
  const broker = await openTestBroker({ clock, logger, transaction: { checkImmunityMs: 100, checkIntervalMs: 100, maxChecks: 1 } });
  const transactionChecker = thrower(() => Object.create(null)) as TransactionChecker;
  const transaction = broker.createProducer({ transactionChecker }).beginTransaction();
  await transaction.send({ topic: 'things', body: 'x' });
  await clock.advance(150);
  await turns();
  expect(warnings[0]).toBe('a transaction checker failed, which counts as unknown');
  await broker.close();
});
