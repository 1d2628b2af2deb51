import { illegalArgument } from './errors.ts';
import { requireInteger } from './option-checks.ts';
import { quoted } from './quoted.ts';

/**
 * How much the broker accepts. Every limit has its default in {@link DEFAULT_LIMITS}.
 * @public
 * @since 0.1.0
 */
export interface Limits {
  /** Largest body, and largest value of the application store, bytes; default 4 MiB. */
  readonly maxBodyBytes: number;
  /** Most properties of a message; default 128, at most 65,535. */
  readonly maxProperties: number;
  /** Most bytes of tag, keys and properties of a message together, as UTF-8; default 16 KiB. A key, or a name, takes at most 65,535 of them. */
  readonly maxPropertiesBytes: number;
  /** Longest topic name, characters; default 127. */
  readonly maxTopicLength: number;
  /** Longest consumer group name, characters; default 120. */
  readonly maxGroupLength: number;
  /** Longest tag, bytes of UTF-8; default 1 KiB, at most 65,535. */
  readonly maxTagBytes: number;
  /** Most keys of a message; default 64, at most 65,535. */
  readonly maxKeys: number;
  /** Longest message group or partition key, bytes of UTF-8; default 63, at most 65,535. */
  readonly maxMessageGroupBytes: number;
  /** Most messages of one `sendBatch` or of one atomic unit; default 4,096. */
  readonly maxBatchMessages: number;
  /** Most bytes of the bodies of one `sendBatch`, or of bodies, keys and values of one atomic unit; default 32 MiB. */
  readonly maxBatchBytes: number;
  /** Most messages of one `receive`; default 1,024. */
  readonly maxReceiveCount: number;
  /** Longest invisible duration, milliseconds; default 12 hours. */
  readonly maxInvisibleDurationMs: number;
  /** Furthest delivery time of a delay message, milliseconds; default 40 days. */
  readonly maxDelayMs: number;
  /** Largest filter expression, bytes of UTF-8; default 16 KiB. */
  readonly maxFilterBytes: number;
  /** Most topics; bounds auto-creation; default 100,000. */
  readonly maxTopics: number;
  /** Most messages of a group, or of one broadcast consumer, that are in flight or waiting for a retry; default 1,000,000. */
  readonly maxUnsettledPerGroup: number;
  /** Most bytes that wait to be written; default 64 MiB. */
  readonly maxQueuedBytes: number;
  /** Bytes of recent blocks that are kept in memory; default 64 MiB. */
  readonly cacheBytes: number;
  /** Bytes of disk below which sends are refused; default 64 MiB, 0 is none. */
  readonly minFreeDiskBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;

/**
 * The limits of a broker that is opened without others.
 * @public
 * @since 0.1.0
 */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxBodyBytes: 4 * MIB,
  maxProperties: 128,
  maxPropertiesBytes: 16 * KIB,
  maxTopicLength: 127,
  maxGroupLength: 120,
  maxTagBytes: KIB,
  maxKeys: 64,
  maxMessageGroupBytes: 63,
  maxBatchMessages: 4096,
  maxBatchBytes: 32 * MIB,
  maxReceiveCount: 1024,
  maxInvisibleDurationMs: 12 * HOUR_MS,
  maxDelayMs: 40 * 24 * HOUR_MS,
  maxFilterBytes: 16 * KIB,
  maxTopics: 100_000,
  maxUnsettledPerGroup: 1_000_000,
  maxQueuedBytes: 64 * MIB,
  cacheBytes: 64 * MIB,
  minFreeDiskBytes: 64 * MIB,
});

/** Bytes of a text, and entries of a list, that a record can tell the number of: both take 16 bits. */
export const MAX_SHORT = 65_535;
const SHORT: ReadonlySet<string> = new Set(['maxProperties', 'maxTagBytes', 'maxKeys', 'maxMessageGroupBytes']);

/** The defaults with what the caller gave; every limit is a positive safe integer (`minFreeDiskBytes` may be 0). */
export function resolveLimits(partial: Partial<Limits> | undefined): Limits {
  if (partial === undefined) return DEFAULT_LIMITS;
  if (typeof partial !== 'object' || partial === null || Array.isArray(partial)) {
    throw illegalArgument(`limits must be an object, not ${quoted(partial)}`);
  }
  const resolved: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(partial)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw illegalArgument(`limits has no ${quoted(name)}; see Limits for the names`);
    if (value === undefined) continue;
    const lowest = name === 'minFreeDiskBytes' ? 0 : 1;
    resolved[name] = requireInteger(`limits.${name}`, value, lowest, SHORT.has(name) ? MAX_SHORT : undefined);
  }
  return Object.freeze(resolved) as unknown as Limits;
}
