import type { BrokerOptions, StorageProvider } from '../index.ts';
import { illegalArgument } from '../model/errors.ts';
import type { FaultPlan } from '../platform/memory/fault-plan.ts';
import { faultyStorage } from '../platform/memory/faulty-storage.ts';
import { SimulatedDisk } from '../platform/memory/simulated-disk.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';
import { TestBroker } from './test-broker.ts';
import { watchedStorage } from './watched-storage.ts';

/**
 * Options of a test broker: those of a broker, none of them required.
 * @public
 * @since 0.1.0
 */
export interface TestBrokerOptions extends Partial<BrokerOptions> {
  /** All chance that the broker uses comes from it; default 1. The same calls with the same seed give the same ids and the same survivors. */
  readonly seed?: number | undefined;
  /** Says which writes and barriers fail or wait. */
  readonly failures?: FaultPlan | undefined;
}

/**
 * Opens a broker for a test: on a simulated disk that can crash and lose its power, on a clock that stands still until the test moves it,
 * with repeatable chance, and without a logger. Receipts carry the durability that was asked for.
 *
 * @param options - as of `Broker.open`; `location` has no meaning here, and `storage` may be any provider (`SimulatedDisk` for one that is shared)
 * @example
 * ```ts
 * const clock = new ManualClock();
 * const broker = await openTestBroker({ clock });
 * await broker.createProducer().send({ topic: 'orders', body: 'one' });
 * await broker.crash();
 * await broker.reopen();
 * await clock.advance(30_000);
 * ```
 * @throws TypeError `MQ_ILLEGAL_ARGUMENT`
 * @public
 * @since 0.1.0
 */
export async function openTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const { seed = 1, failures, storage = new SimulatedDisk(), location, ...brokerOptions } = options;
  if (location !== undefined)
    throw illegalArgument('A test broker has no location: it lives on a simulated disk; use Broker.open for a directory');
  if (!Number.isFinite(seed)) throw illegalArgument(`seed must be a number, not ${String(seed)}`);
  const ground = storage === 'memory' ? new SimulatedDisk() : storage;
  if (typeof ground === 'string')
    throw illegalArgument(`A test broker's storage is a provider, not ${JSON.stringify(ground)}; leave it out for a simulated disk`);
  const clock = options.clock ?? new ManualClock();
  const random = options.random ?? seededRandom(seed);
  return await TestBroker.open({
    options: { logger: false, ...brokerOptions, clock, random, storage: layered(ground, clock, failures) },
    clock,
    random,
    disk: ground instanceof SimulatedDisk ? ground : undefined,
  });
}

/** What the broker calls: planned failures above, so that a call which waits for the test does not hold the clock. */
function layered(ground: StorageProvider, clock: BrokerOptions['clock'], failures: FaultPlan | undefined): StorageProvider {
  let storage = ground;
  if (clock instanceof ManualClock) {
    const { provider, watch } = watchedStorage(ground);
    clock.watch(watch);
    storage = provider;
  }
  return failures === undefined ? storage : faultyStorage(storage, failures);
}
