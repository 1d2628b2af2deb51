import { illegalArgument } from './errors.ts';
import { requireInteger, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';

/**
 * How long a message waits after its attempt k failed in a push listener, in milliseconds: `min(initialMs * multiplier^(k-1), maxMs)`, or
 * `delaysMs[k-1]`, of which the last is repeated. Without jitter.
 * @public
 * @since 0.1.0
 */
export type RetryPolicy = ExponentialRetryPolicy | CustomizedRetryPolicy;

/**
 * Waits that grow by a factor.
 * @public
 * @since 0.1.0
 */
export interface ExponentialRetryPolicy {
  /** Tells the two kinds of policy apart. */
  readonly kind: 'exponential';
  /** The wait after the first attempt, milliseconds. */
  readonly initialMs: number;
  /** The longest wait, milliseconds. */
  readonly maxMs: number;
  /** The factor from one wait to the next, at least 1. */
  readonly multiplier: number;
}

/**
 * Waits from a list.
 * @public
 * @since 0.1.0
 */
export interface CustomizedRetryPolicy {
  /** Tells the two kinds of policy apart. */
  readonly kind: 'customized';
  /** The wait after each attempt, milliseconds; 1 to 1,024 entries, of which the last is repeated. */
  readonly delaysMs: readonly number[];
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_DELAY_MS = 3650 * 24 * HOUR_MS;
const MAX_DELAYS = 1024;

/**
 * RocketMQ's documented table: 10 s, 30 s, 1 to 10 minutes, 20 and 30 minutes, 1 and 2 hours.
 * @public
 * @since 0.1.0
 */
export const DEFAULT_RETRY_POLICY: RetryPolicy = Object.freeze({
  kind: 'customized',
  delaysMs: Object.freeze([
    10 * SECOND_MS,
    30 * SECOND_MS,
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30].map((minutes) => minutes * MINUTE_MS),
    HOUR_MS,
    2 * HOUR_MS,
  ]),
});

/** The wait after attempt `attempt` (the first is 1) failed, in whole milliseconds. */
export function retryDelayMs(policy: RetryPolicy, attempt: number): number {
  const step = Math.max(attempt, 1) - 1;
  switch (policy.kind) {
    case 'customized':
      return policy.delaysMs[Math.min(step, policy.delaysMs.length - 1)] ?? 0;
    case 'exponential':
      // 0 times an overflown power would be no number.
      return policy.initialMs === 0 ? 0 : Math.min(Math.round(policy.initialMs * policy.multiplier ** step), policy.maxMs);
    default:
      return policy satisfies never;
  }
}

/** Returns a copy of a correct policy, or throws `MQ_ILLEGAL_ARGUMENT`. */
export function resolveRetryPolicy(policy: unknown): RetryPolicy {
  const fields = requireObject('retryPolicy', policy);
  switch (fields['kind']) {
    case 'exponential':
      requireOnly(fields, ['kind', 'initialMs', 'maxMs', 'multiplier']);
      return {
        kind: 'exponential',
        initialMs: requireInteger('retryPolicy.initialMs', fields['initialMs'], 0, MAX_DELAY_MS),
        maxMs: requireInteger('retryPolicy.maxMs', fields['maxMs'], 0, MAX_DELAY_MS),
        multiplier: requireMultiplier(fields['multiplier']),
      };
    case 'customized':
      requireOnly(fields, ['kind', 'delaysMs']);
      return { kind: 'customized', delaysMs: requireDelays(fields['delaysMs']) };
    default:
      throw illegalArgument(`retryPolicy.kind must be 'exponential' or 'customized', not ${quoted(fields['kind'])}`);
  }
}

function requireOnly(fields: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (!names.includes(name) && fields[name] !== undefined) throw illegalArgument(`retryPolicy has no ${quoted(name)}; remove it`);
  }
}

function requireMultiplier(multiplier: unknown): number {
  if (typeof multiplier !== 'number' || !Number.isFinite(multiplier) || multiplier < 1) {
    throw illegalArgument(`retryPolicy.multiplier must be a number of at least 1, not ${quoted(multiplier)}`);
  }
  return multiplier;
}

function requireDelays(delays: unknown): readonly number[] {
  if (!Array.isArray(delays) || delays.length === 0 || delays.length > MAX_DELAYS) {
    throw illegalArgument(`retryPolicy.delaysMs must be an array of 1 to ${MAX_DELAYS} delays, not ${quoted(delays)}`);
  }
  return Array.from(delays, (delay: unknown, index) => requireInteger(`retryPolicy.delaysMs[${index}]`, delay, 0, MAX_DELAY_MS));
}
