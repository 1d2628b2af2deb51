import type { TransactionCheckOptions } from './maintenance/transaction-check.ts';
import type { Clock } from './model/clock.ts';
import { illegalArgument, notSupported } from './model/errors.ts';
import { type Limits, resolveLimits } from './model/limits.ts';
import type { Logger } from './model/logger.ts';
import type { Durability } from './model/message.ts';
import { checkFieldNames, requireBoolean, requireInteger, requireObject } from './model/option-checks.ts';
import type { ProcessPort } from './model/process-port.ts';
import type { Random } from './model/random.ts';
import type { StorageProvider } from './model/storage-provider.ts';
import { type ResolvedTopicOptions, resolveTopicOptions, type TopicOptions } from './model/topic.ts';
import type { TransactionOptions } from './model/transaction.ts';
import { memoryStorage } from './platform/memory/memory-storage.ts';
import { consoleLogger } from './platform/node/console-logger.ts';
import { diskStorage } from './platform/node/disk-storage.ts';
import { nodeProcess } from './platform/node/node-process.ts';
import { systemClock } from './platform/node/system-clock.ts';
import { systemRandom } from './platform/node/system-random.ts';
import { zlibCrc32 } from './platform/node/zlib-crc32.ts';
import { type Checksum, portableCrc32 } from './storage/checksum.ts';

/**
 * How a broker is opened.
 * @public
 * @since 0.1.0
 */
export interface BrokerOptions {
  /** The directory that the broker lives in; created when it is missing. Needed when `storage` is `'disk'`. */
  readonly location?: string | undefined;
  /** Where messages are kept: on disk (default), in this process' memory, or in a place of your own. */
  readonly storage?: 'disk' | 'memory' | StorageProvider | undefined;
  /** What a send waits for unless it says otherwise; default `'sync'`. */
  readonly durability?: Durability | undefined;
  /** Whether sending to a topic that does not exist creates it, and how; default true: type `mixed` with 4 queues. */
  readonly autoCreateTopics?: boolean | TopicOptions | undefined;
  /** Whether opening a consumer of a group that does not exist creates it; default true. */
  readonly autoCreateGroups?: boolean | undefined;
  /** Limits other than the defaults. */
  readonly limits?: Partial<Limits> | undefined;
  /** `false` keeps every message. Retention is not built yet, so that nothing is removed in any case. */
  readonly retention?: false | undefined;
  /**
   * When producers are asked about transactions that nobody has ended.
   * @since 0.2.0
   */
  readonly transaction?: TransactionOptions | undefined;
  /** How long to wait for another process to let the directory go, milliseconds; default 0: `MQ_STORE_LOCKED` at once. */
  readonly lockWaitMs?: number | undefined;
  /** Where time comes from; default: the system's. */
  readonly clock?: Clock | undefined;
  /** Where randomness comes from; default: the system's. */
  readonly random?: Random | undefined;
  /** Where warnings and errors are written; default: the console, one line each, repeats folded. `false`: nowhere. */
  readonly logger?: Logger | false | undefined;
}

/** Options with every default in place. */
export interface ResolvedBrokerOptions {
  readonly storage: StorageProvider;
  readonly durability: Durability;
  readonly autoCreateTopics: ResolvedTopicOptions | undefined;
  readonly autoCreateGroups: boolean;
  readonly limits: Limits;
  readonly transaction: TransactionCheckOptions;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly process: ProcessPort;
  readonly checksum: Checksum;
}

const KNOWN: ReadonlySet<string> = new Set([
  'location',
  'storage',
  'durability',
  'autoCreateTopics',
  'autoCreateGroups',
  'limits',
  'retention',
  'transaction',
  'lockWaitMs',
  'clock',
  'random',
  'logger',
]);
const TRANSACTION_KNOWN: ReadonlySet<string> = new Set(['checkImmunityMs', 'checkIntervalMs', 'maxChecks']);
const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Checks the options and puts the defaults in; nobody else does. */
export function resolveBrokerOptions(options: BrokerOptions): ResolvedBrokerOptions {
  checkFieldNames('The options of a broker', requireObject('The options of a broker', options), KNOWN);
  const { durability = 'sync', retention, clock = systemClock, random = systemRandom, logger } = options;
  if (durability !== 'sync' && durability !== 'async')
    throw illegalArgument(`durability must be 'sync' or 'async', not ${JSON.stringify(durability)}`);
  if (retention !== undefined && retention !== false) throw notSupported('retention (other than false)');
  requirePort('clock', clock, ['now', 'monotonic', 'setTimer']);
  requirePort('random', random, ['bytes', 'next']);
  if (logger !== undefined && logger !== false) requirePort('logger', logger, ['debug', 'info', 'warn', 'error']);
  return {
    storage: resolveStorage(options),
    durability,
    autoCreateTopics: resolveAutoCreate(options.autoCreateTopics ?? true),
    autoCreateGroups: requireBoolean('autoCreateGroups', options.autoCreateGroups ?? true),
    limits: resolveLimits(options.limits),
    transaction: resolveTransaction(options.transaction),
    lockWaitMs: requireInteger('lockWaitMs', options.lockWaitMs ?? 0, 0),
    clock,
    random,
    process: nodeProcess,
    checksum: zlibCrc32 ?? portableCrc32,
    logger: logger === false ? SILENT : (logger ?? consoleLogger(() => clock.now())),
  };
}

function resolveTransaction(options: TransactionOptions = {}): TransactionCheckOptions {
  checkFieldNames('transaction options', requireObject('transaction', options), TRANSACTION_KNOWN);
  return {
    checkImmunityMs: requireInteger('transaction.checkImmunityMs', options.checkImmunityMs ?? 6_000, 0),
    checkIntervalMs: requireInteger('transaction.checkIntervalMs', options.checkIntervalMs ?? 30_000, 1),
    maxChecks: requireInteger('transaction.maxChecks', options.maxChecks ?? 15, 0),
  };
}

function resolveStorage({ storage = 'disk', location }: BrokerOptions): StorageProvider {
  if (storage === 'memory') return memoryStorage();
  if (storage !== 'disk') {
    requirePort('storage', storage, ['acquire']);
    return storage;
  }
  if (location === undefined) throw illegalArgument("location is needed when storage is 'disk': the directory that the broker lives in");
  return diskStorage(location);
}

function resolveAutoCreate(option: boolean | TopicOptions): ResolvedTopicOptions | undefined {
  if (option === false) return undefined;
  return resolveTopicOptions(option === true ? undefined : option);
}

function requirePort(name: string, value: unknown, methods: readonly string[]): void {
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  for (const method of methods) {
    if (typeof object[method] !== 'function') throw illegalArgument(`${name} must have the method ${method}`);
  }
}
