import { illegalArgument } from './errors.ts';
import { checkFieldNames, requireBoolean, requireInteger, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy, resolveRetryPolicy } from './retry-policy.ts';

/**
 * Where a group starts in a topic on which it has no position yet; an instant may be in the future.
 * @public
 * @since 0.1.0
 */
export type StartFrom =
  | 'earliest'
  | 'latest'
  | {
      /** Messages stored from then on; milliseconds since the epoch. */
      readonly atMs: number;
    };

/**
 * Options of a consumer group.
 * @public
 * @since 0.1.0
 */
export interface GroupOptions {
  /** Keep the order inside a message group; default true. */
  readonly ordered?: boolean | undefined;
  /** Deliveries of a message until it is dead-lettered; default 17, as in RocketMQ: the first and 16 retries. */
  readonly maxAttempts?: number | undefined;
  /** Default {@link DEFAULT_RETRY_POLICY}. */
  readonly retryPolicy?: RetryPolicy | undefined;
  /** Default `earliest`. Broadcast consumers do not look at it: they have no position that is kept. */
  readonly startFrom?: StartFrom | undefined;
  /** Hand out nothing; default false. */
  readonly paused?: boolean | undefined;
}

/** Options of a consumer group with nothing left open. */
export interface ResolvedGroupOptions {
  readonly ordered: boolean;
  readonly maxAttempts: number;
  readonly retryPolicy: RetryPolicy;
  readonly startFrom: StartFrom;
  readonly paused: boolean;
}

/**
 * The kind of consumers that a group is used by; recorded at the first use. `broadcast` are push consumers of that mode.
 * @public
 * @since 0.1.0
 */
export type GroupKind = 'push/simple' | 'pull' | 'broadcast';

/**
 * A consumer group as the broker knows it.
 * @public
 * @since 0.1.0
 */
export interface GroupInfo {
  /** Its name. */
  readonly name: string;
  /** Never given to another group, also after this one was deleted. */
  readonly groupId: number;
  /** Whether the order inside a message group is kept. */
  readonly ordered: boolean;
  /** Deliveries of a message until it is dead-lettered. */
  readonly maxAttempts: number;
  /** How long a message waits after a failure. */
  readonly retryPolicy: RetryPolicy;
  /** Where it starts in a topic on which it has no position yet. */
  readonly startFrom: StartFrom;
  /** Whether it hands out nothing. */
  readonly paused: boolean;
  /** `undefined` until the group is first used. */
  readonly kind: GroupKind | undefined;
  /** Filter expressions in normal form by topic. */
  readonly subscriptions: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** As large as RocketMQ's, whose ordered groups mean "for ever" by it. */
const MAX_ATTEMPTS = 0x7fff_ffff;
const DEFAULT_GROUP_OPTIONS: ResolvedGroupOptions = Object.freeze({
  ordered: true,
  maxAttempts: 17,
  retryPolicy: DEFAULT_RETRY_POLICY,
  startFrom: 'earliest',
  paused: false,
});
const KNOWN: ReadonlySet<string> = new Set(['ordered', 'maxAttempts', 'retryPolicy', 'startFrom', 'paused']);
const PLANNED: ReadonlySet<string> = new Set(['deadLetterRetentionMs']);

/** Checks the options of a group and fills what is absent from `defaults`. */
export function resolveGroupOptions(
  options: GroupOptions | undefined,
  defaults: ResolvedGroupOptions = DEFAULT_GROUP_OPTIONS,
): ResolvedGroupOptions {
  if (options === undefined) return { ...defaults };
  const { ordered, maxAttempts, retryPolicy, startFrom, paused } = requireObject('Group options', options);
  checkFieldNames('group options', options, KNOWN, PLANNED);
  return {
    ordered: ordered === undefined ? defaults.ordered : requireBoolean('ordered of a group', ordered),
    maxAttempts: maxAttempts === undefined ? defaults.maxAttempts : requireInteger('maxAttempts of a group', maxAttempts, 1, MAX_ATTEMPTS),
    retryPolicy: retryPolicy === undefined ? defaults.retryPolicy : resolveRetryPolicy(retryPolicy),
    startFrom: startFrom === undefined ? defaults.startFrom : resolveStartFrom(startFrom),
    paused: paused === undefined ? defaults.paused : requireBoolean('paused of a group', paused),
  };
}

const START_RULE = "startFrom must be 'earliest', 'latest' or { atMs }";

/** Returns a copy of a correct start position, or throws `MQ_ILLEGAL_ARGUMENT`; `rule` says what is allowed where that is more than a start. */
export function resolveStartFrom(startFrom: unknown, rule: string = START_RULE): StartFrom {
  if (startFrom === 'earliest' || startFrom === 'latest') return startFrom;
  if (typeof startFrom === 'object' && startFrom !== null && 'atMs' in startFrom) {
    return { atMs: requireInteger('atMs of a position', startFrom.atMs, 0) };
  }
  throw illegalArgument(`${rule}, not ${quoted(startFrom)}`);
}
