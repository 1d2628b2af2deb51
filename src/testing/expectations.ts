import { AssertionError } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokerEvents, DeadLetteredEvent, DeliveryEvent } from '../index.ts';
import type { RecordedEvent } from './event-journal.ts';
import { ManualClock } from './manual-clock.ts';
import type { TestBroker } from './test-broker.ts';

const REAL_PAUSE_MS = 5;
const SHOWN_EVENTS = 20;
const SHOWN_KINDS: ReadonlySet<keyof BrokerEvents> = new Set(['sent', 'delivered', 'acked', 'failed', 'deadLettered', 'dropped']);

/**
 * Which delivery is expected; what is absent may be anything.
 * @public
 * @since 0.1.0
 */
export interface ExpectedDelivery {
  /** The consumer group that gets it. */
  readonly group: string;
  /** The topic of the message. */
  readonly topic: string;
  /** The message. */
  readonly messageId?: string | undefined;
  /** The delivery of it; the first is 1. */
  readonly attempt?: number | undefined;
  /** How much time of the broker's clock may pass until then, milliseconds; default 0: it has happened, or happens without time passing. */
  readonly withinMs?: number | undefined;
}

/**
 * Which dead letter is expected; what is absent may be anything.
 * @public
 * @since 0.1.0
 */
export interface ExpectedDeadLetter {
  /** The consumer group that gave up. */
  readonly group: string;
  /** The topic of the message. */
  readonly topic?: string | undefined;
  /** The message. */
  readonly messageId?: string | undefined;
  /** The whole reason, or a pattern in it. */
  readonly reason?: string | RegExp | undefined;
  /** How much time of the broker's clock may pass until then, milliseconds; default 0. */
  readonly withinMs?: number | undefined;
}

/**
 * Waits until a message has been delivered, on a `ManualClock` by advancing it from timer to timer.
 *
 * @returns the first delivery that fits
 * @throws AssertionError that lists what was delivered instead
 * @public
 * @since 0.1.0
 */
export async function expectDelivered(broker: TestBroker, expected: ExpectedDelivery): Promise<DeliveryEvent> {
  const { group, topic, messageId, attempt, withinMs } = expected;
  const fits = ({ event }: RecordedEvent<'delivered'>): boolean =>
    event.group === group &&
    event.topic === topic &&
    (messageId === undefined || event.messageId === messageId) &&
    (attempt === undefined || event.attempt === attempt);
  const found = await waitFor(broker, withinMs, () => recordedOf(broker, 'delivered').find(fits));
  if (found !== undefined) return found.event;
  throw failure(expectDelivered, broker, 'delivery', { group, topic, messageId, attempt, withinMs });
}

/**
 * Waits until a group has given a message up, on a `ManualClock` by advancing it from timer to timer.
 *
 * @returns the first dead letter that fits
 * @throws AssertionError that lists what happened instead
 * @public
 * @since 0.1.0
 */
export async function expectDeadLettered(broker: TestBroker, expected: ExpectedDeadLetter): Promise<DeadLetteredEvent> {
  const { group, topic, messageId, reason, withinMs } = expected;
  const fits = ({ event }: RecordedEvent<'deadLettered'>): boolean =>
    event.group === group &&
    (topic === undefined || event.topic === topic) &&
    (messageId === undefined || event.messageId === messageId) &&
    (reason === undefined || (typeof reason === 'string' ? event.reason === reason : reason.test(event.reason)));
  const found = await waitFor(broker, withinMs, () => recordedOf(broker, 'deadLettered').find(fits));
  if (found !== undefined) return found.event;
  throw failure(expectDeadLettered, broker, 'dead letter', { group, topic, messageId, reason: reason && String(reason), withinMs });
}

function recordedOf<Kind extends keyof BrokerEvents>(broker: TestBroker, kind: Kind): RecordedEvent<Kind>[] {
  return broker.recordedEvents.filter((recorded) => recorded.kind === kind) as unknown as RecordedEvent<Kind>[];
}

async function waitFor<T>(broker: TestBroker, withinMs = 0, find: () => T | undefined): Promise<T | undefined> {
  const { clock } = broker;
  const endMs = clock.monotonic() + withinMs;
  await broker.settle();
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    const leftMs = endMs - clock.monotonic();
    if (leftMs <= 0) return undefined;
    if (clock instanceof ManualClock) await clock.advance(Math.min(leftMs, clock.nextTimerInMs ?? leftMs));
    else await sleep(REAL_PAUSE_MS);
  }
}

function failure(stackStartFn: (...args: never) => unknown, broker: TestBroker, what: string, expected: object): AssertionError {
  const seen = broker.recordedEvents.filter(({ kind }) => SHOWN_KINDS.has(kind));
  const shown = seen.slice(-SHOWN_EVENTS).map(describeEvent);
  const history = shown.length === 0 ? 'nothing happened' : `the last of ${seen.length} events were\n${shown.join('\n')}`;
  return new AssertionError({ message: `There was no ${what} with ${JSON.stringify(expected)}; ${history}`, expected, stackStartFn });
}

function describeEvent({ kind, atMs, event }: RecordedEvent): string {
  const { message, error, ...facts } = event as { message?: { messageId: string; topic: string }; error?: unknown };
  const ids = message === undefined ? {} : { topic: message.topic, messageId: message.messageId };
  const failed = error === undefined ? {} : { error: String(error) };
  return `  ${new Date(atMs).toISOString()} ${kind} ${JSON.stringify({ ...ids, ...facts, ...failed })}`;
}
