import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AtomicOptions, AtomicUnit, Message, Producer } from '../../src/index.ts';
import { commands, type FlowKind, FlowSystem } from '../../src/testing/fast-check/index.ts';
import type { TestBroker } from '../../src/testing/index.ts';

/** A model that finds nothing wrong with a broker that is wrong would be worth nothing: each of these must be found. */
interface Fault {
  readonly name: string;
  readonly kind: FlowKind;
  /** The invariants of which one has to be named. */
  readonly found: RegExp;
  /** What a producer does in place of what it should. */
  readonly producer?: (producer: Producer) => void;
  readonly broker?: (broker: TestBroker) => void;
}

/** Every message is changed before it is sent. */
function changingMessages(producer: Producer, change: (message: Message) => Message): void {
  const { send, sendBatch } = producer;
  producer.send = (message, options) => send.call(producer, change(message as Message), options);
  producer.sendBatch = (messages, options) => sendBatch.call(producer, (messages as Message[]).map(change), options);
}

function changingUnits(broker: TestBroker, change: (unit: AtomicUnit) => void): void {
  const { atomic } = broker;
  broker.atomic = <T>(work: (unit: AtomicUnit) => T | Promise<T>, options?: AtomicOptions) =>
    atomic.call(
      broker,
      (unit) => {
        change(unit);
        return work(unit);
      },
      options,
    ) as Promise<T>;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'delay messages come early',
    kind: 'delay',
    found: /I8/,
    producer: (producer) =>
      changingMessages(producer, (message) => (message.delayMs === undefined ? message : { ...message, delayMs: message.delayMs - 1 })),
  },
  {
    name: 'a recall is answered and not done',
    kind: 'delay',
    found: /I8/,
    producer: (producer) => {
      producer.recall = () => Promise.resolve({ messageId: '' });
    },
  },
  {
    name: 'half messages are visible',
    kind: 'transaction',
    found: /I[278]/,
    producer: (producer) => {
      const begin = producer.beginTransaction.bind(producer);
      producer.beginTransaction = () => {
        const transaction = begin();
        transaction.send = (message, options) => producer.send(message, options);
        return transaction;
      };
    },
  },
  {
    name: 'a commit rolls back',
    kind: 'transaction',
    found: /I1/,
    producer: (producer) => {
      const begin = producer.beginTransaction.bind(producer);
      producer.beginTransaction = () => {
        const transaction = begin();
        transaction.commit = (options) => transaction.rollback(options);
        return transaction;
      };
    },
  },
  {
    name: 'dedup keys count for nothing',
    kind: 'dedup',
    found: /I12/,
    producer: (producer) => changingMessages(producer, (message) => ({ ...message, dedupKey: undefined })),
  },
  {
    name: 'priorities are upside down',
    kind: 'priority',
    found: /I[25]/,
    producer: (producer) =>
      changingMessages(producer, (message) => (message.priority === undefined ? message : { ...message, priority: 9 - message.priority })),
  },
  {
    name: 'times to live count for nothing',
    kind: 'timeToLive',
    found: /I2/,
    producer: (producer) => changingMessages(producer, (message) => ({ ...message, ttlMs: undefined })),
  },
  {
    name: 'units lose what they put',
    kind: 'atomic',
    found: /I7/,
    broker: (broker) =>
      changingUnits(broker, (unit) => {
        unit.put = () => undefined;
      }),
  },
  {
    name: 'units do not acknowledge',
    kind: 'atomic',
    found: /I[147]/,
    broker: (broker) =>
      changingUnits(broker, (unit) => {
        unit.ack = () => undefined;
      }),
  },
];

test.each(FAULTS)('the model finds it when $name', { timeout: 60_000 }, async ({ kind, found, producer, broker }) => {
  const property = fc.asyncProperty(commands({ maxCommands: 60, kinds: [kind] }), async (steps) => {
    const system = await FlowSystem.open();
    broker?.(system.broker);
    const create = system.broker.createProducer.bind(system.broker);
    system.broker.createProducer = (options) => {
      const made = create(options);
      producer?.(made);
      return made;
    };
    // From the next opening on every producer has the fault.
    await system.broker.close();
    await system.reopen();
    const model = system.newModel();
    try {
      await fc.asyncModelRun(() => ({ model, real: system }), steps);
    } finally {
      await system.broker.close({ deadlineMs: 0 });
    }
  });
  const { failed, errorInstance } = await fc.check(property, { numRuns: 100, seed: 1, endOnFailure: true });
  expect(failed).toBe(true);
  expect(String(errorInstance)).toMatch(found);
});
