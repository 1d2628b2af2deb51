import { BrokerError, illegalArgument } from '../model/errors.ts';
import type { Limits } from '../model/limits.ts';
import type { Logger } from '../model/logger.ts';
import type { MessageFilter } from '../model/message-filter.ts';
import { validateGroupName, validateTopicName } from '../model/names.ts';
import { requireInteger } from '../model/option-checks.ts';
import { parseFilter, type Subscription } from '../model/subscription.ts';
import { type Subscriptions, subscribedTopics } from '../model/subscriptions.ts';

/** How long asking for messages waits for a first one. */
export const DEFAULT_AWAIT_MS = 20_000;
/** Most messages of one answer. */
export const DEFAULT_MESSAGES = 32;

/** Checks a consumer's group name. */
export function groupOf(options: { readonly group: string }, limits: Limits): string {
  return validateGroupName(options.group, limits);
}

/** What of the broker the parsing of subscriptions needs. */
interface FilterContext {
  readonly limits: Limits;
  readonly logger: Logger;
}

/** Parses a consumer's subscriptions, by topic name. */
export function filtersOf(subscriptions: Subscriptions, context: FilterContext): Map<string, MessageFilter> {
  const filters = new Map<string, MessageFilter>();
  for (const { name, filter } of subscribedTopics(subscriptions)) {
    const topic = validateTopicName(name, context.limits);
    filters.set(topic, filterOf(topic, filter, context));
  }
  if (filters.size === 0) throw illegalArgument('subscriptions must name at least one topic, such as { orders: "*" }');
  return filters;
}

const LOOKS_LIKE_SQL = /[=<>']|\s(and|or|in|is|not|between|like|contains|startswith|endswith)\s/i;

/**
 * Parses one subscription. Text alone is a tag, and nearly anything may be one; but what was meant as SQL has no message with that tag, and the group
 * would pass over all of them for good.
 */
export function filterOf(topic: string, subscription: Subscription, { limits, logger }: FilterContext): MessageFilter {
  const filter = parseFilter(subscription, limits);
  if (typeof subscription === 'string' && LOOKS_LIKE_SQL.test(subscription)) {
    logger.warn({ topic, tag: subscription }, 'a subscription by tag reads like SQL; write { sql } for SQL, or { tag } for that tag');
  }
  return filter;
}

/** 1 ms to the limit; `zero` allows 0, which gives a message back at once. */
export function invisibleDuration(value: unknown, limits: Limits, zero: 'allowed' | 'refused'): number {
  const lowest = zero === 'allowed' ? 0 : 1;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < lowest || value > limits.maxInvisibleDurationMs) {
    const range = `an integer of ${lowest} to ${limits.maxInvisibleDurationMs} ms`;
    throw new BrokerError('MQ_ILLEGAL_INVISIBLE_TIME', `An invisible duration must be ${range}, not ${String(value)}`);
  }
  return value;
}

export function awaitDuration(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new BrokerError('MQ_ILLEGAL_POLLING_TIME', `awaitDurationMs must be an integer of 0 ms or more, not ${String(value)}`);
  }
  return value;
}

export function messageCount(value: unknown, limits: Limits): number {
  return requireInteger('maxMessages', value, 1, limits.maxReceiveCount);
}

export function abortSignal(value: AbortSignal | undefined): AbortSignal | undefined {
  if (value !== undefined && typeof value?.addEventListener !== 'function') throw illegalArgument('signal must be an AbortSignal');
  return value;
}
