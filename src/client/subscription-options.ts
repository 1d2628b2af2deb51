import { BrokerError, illegalArgument } from '../model/errors.ts';
import type { Limits } from '../model/limits.ts';
import type { MessageFilter } from '../model/message-filter.ts';
import { validateGroupName, validateTopicName } from '../model/names.ts';
import { requireInteger } from '../model/option-checks.ts';
import { parseFilter } from '../model/subscription.ts';
import { type Subscriptions, subscribedTopics } from '../model/subscriptions.ts';

/** How long asking for messages waits for a first one. */
export const DEFAULT_AWAIT_MS = 20_000;
/** Most messages of one answer. */
export const DEFAULT_MESSAGES = 32;

/** Checks a consumer's group name. */
export function groupOf(options: { readonly group: string }, limits: Limits): string {
  return validateGroupName(options.group, limits);
}

/** Parses a consumer's subscriptions, by topic name. */
export function filtersOf(subscriptions: Subscriptions, limits: Limits): Map<string, MessageFilter> {
  const filters = new Map<string, MessageFilter>();
  for (const { name, filter } of subscribedTopics(subscriptions)) {
    filters.set(validateTopicName(name, limits), parseFilter(filter, limits));
  }
  if (filters.size === 0) throw illegalArgument('subscriptions must name at least one topic, such as { orders: "*" }');
  return filters;
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
