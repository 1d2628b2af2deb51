import { BrokerError, illegalArgument } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Message } from './message.ts';
import { requireInteger } from './option-checks.ts';
import { PRIORITY_LEVELS } from './priority-levels.ts';
import { quoted } from './quoted.ts';
import { exceedsUtf8, hasControlCharacter, isBlank, isWellFormed } from './utf8.ts';

/**
 * RocketMQ's 18 classic delay levels, milliseconds: `DELAY_LEVELS_MS[0]` is level 1. As in `messageDelayLevel` of its MessageStoreConfig.
 * @public
 * @since 0.2.0
 */
export const DELAY_LEVELS_MS: readonly number[] = Object.freeze(
  [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200].map((seconds) => seconds * 1000),
);

const MAX_DEDUP_KEY_BYTES = 1024;
const REMEDY = 'limits.maxDelayMs; choose an earlier time, or raise the limit';

/** When a message is to be delivered: an instant of the wall clock, or a while from its send. */
export type DeliveryTime = { readonly kind: 'instant'; readonly atMs: number } | { readonly kind: 'delay'; readonly delayMs: number };

/** When and how long a message counts, and what it is told apart by. A field that the message does not have is `undefined`. */
export interface MessageTerms {
  readonly delivery: DeliveryTime | undefined;
  readonly priority: number | undefined;
  readonly ttlMs: number | undefined;
  readonly dedupKey: string | undefined;
}

/** The terms of a message; `undefined` when each of their fields is absent. */
export function termsOf(message: Message, limits: Limits): MessageTerms | undefined {
  const { priority, ttlMs, dedupKey, messageGroup } = message;
  const delivery = deliveryOf(message, limits);
  if (delivery === undefined && priority === undefined && ttlMs === undefined && dedupKey === undefined) return undefined;
  if (priority !== undefined) {
    requireInteger('The priority of a message', priority, 0, PRIORITY_LEVELS - 1);
    if (messageGroup !== undefined)
      throw illegalArgument('A message has a priority or a messageGroup, not both: a message group is delivered in the order of its sends');
  }
  if (ttlMs !== undefined) requireInteger('ttlMs of a message', ttlMs, 1);
  if (dedupKey !== undefined) checkDedupKey(dedupKey);
  return { delivery, priority, ttlMs, dedupKey };
}

/** Throws `MQ_ILLEGAL_DELIVERY_TIME` for an instant that is further away than the limit. */
export function checkDeliveryInstant(delivery: DeliveryTime | undefined, limits: Limits, nowMs: number): void {
  if (delivery?.kind !== 'instant' || delivery.atMs - nowMs <= limits.maxDelayMs) return;
  throw illegalDeliveryTime('deliverAtMs', delivery.atMs, `must be at most ${limits.maxDelayMs} ms away (${REMEDY})`);
}

function deliveryOf({ deliverAtMs, delayMs, delayLevel }: Message, limits: Limits): DeliveryTime | undefined {
  if (deliverAtMs === undefined && delayMs === undefined && delayLevel === undefined) return undefined;
  const given = [deliverAtMs, delayMs, delayLevel].filter((value) => value !== undefined).length;
  if (given > 1) throw illegalArgument('A message has one of deliverAtMs, delayMs and delayLevel');
  if (deliverAtMs !== undefined) return { kind: 'instant', atMs: requireTime('deliverAtMs', deliverAtMs, Number.MAX_SAFE_INTEGER) };
  if (delayMs !== undefined) return { kind: 'delay', delayMs: requireTime('delayMs', delayMs, limits.maxDelayMs) };
  return { kind: 'delay', delayMs: levelDelay(delayLevel, limits) };
}

function levelDelay(level: unknown, limits: Limits): number {
  if (typeof level !== 'number') throw illegalArgument(`delayLevel of a message must be a number, not ${quoted(level)}`);
  const delayMs = DELAY_LEVELS_MS[level - 1];
  if (delayMs === undefined) throw illegalDeliveryTime('delayLevel', level, `must be an integer from 1 to ${DELAY_LEVELS_MS.length}`);
  return requireTime('delayLevel, as a delay in milliseconds,', delayMs, limits.maxDelayMs);
}

function requireTime(what: string, value: unknown, highest: number): number {
  if (typeof value !== 'number') throw illegalArgument(`${what} of a message must be a number, not ${quoted(value)}`);
  if (!Number.isSafeInteger(value) || value < 0) throw illegalDeliveryTime(what, value, 'must be an integer of milliseconds of at least 0');
  if (value > highest) throw illegalDeliveryTime(what, value, `must be at most ${highest} (${REMEDY})`);
  return value;
}

function illegalDeliveryTime(what: string, value: number, rule: string): BrokerError {
  return new BrokerError('MQ_ILLEGAL_DELIVERY_TIME', `${what} ${rule}, not ${value}`);
}

/** Keys may hold personal data, so messages do not show them. */
function checkDedupKey(key: unknown): void {
  if (typeof key !== 'string') throw illegalArgument(`dedupKey of a message must be a string, not ${quoted(key)}`);
  if (isBlank(key) || hasControlCharacter(key) || !isWellFormed(key) || exceedsUtf8(key, MAX_DEDUP_KEY_BYTES)) {
    throw new BrokerError(
      'MQ_ILLEGAL_MESSAGE_KEY',
      `dedupKey must not be blank, must take at most ${MAX_DEDUP_KEY_BYTES} bytes of UTF-8 and have no control character; shorten or hash it`,
    );
  }
}
