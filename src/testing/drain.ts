import { AssertionError } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Clock, GroupProgress, PushConsumer, PushConsumerOptions } from '../index.ts';
import { subscribedTopics } from '../model/subscriptions.ts';
import { ManualClock } from './manual-clock.ts';

/** More than the longest delay of a message, unless the broker was opened with another limit. */
const DEFAULT_WITHIN_MS = 60 * 24 * 3_600_000;
const REAL_PAUSE_MS = 5;

/** Which group gets which topics pushed at the moment. */
export class PushedTopics {
  readonly #open = new Map<PushConsumer, { readonly group: string; readonly topics: ReadonlySet<string> }>();

  /** Follows a consumer until it is closed. */
  track(consumer: PushConsumer, { group, subscriptions }: Pick<PushConsumerOptions, 'group' | 'subscriptions'>): PushConsumer {
    this.#open.set(consumer, { group, topics: new Set(subscribedTopics(subscriptions).map(({ name }) => name)) });
    const close = consumer.close.bind(consumer);
    consumer.close = (options) => {
      this.#open.delete(consumer);
      return close(options);
    };
    return consumer;
  }

  clear(): void {
    this.#open.clear();
  }

  groups(): string[] {
    return [...new Set(Array.from(this.#open.values(), ({ group }) => group))];
  }

  topics(): string[] {
    return [...new Set(Array.from(this.#open.values(), ({ topics }) => [...topics]).flat())];
  }

  has(group: string, topic: string): boolean {
    for (const open of this.#open.values()) if (open.group === group && open.topics.has(topic)) return true;
    return false;
  }
}

/** Lets time pass until nothing is left for the push consumers. */
export async function drain(clock: Clock, pushed: PushedTopics, admin: Admin, withinMs: number = DEFAULT_WITHIN_MS): Promise<void> {
  const endMs = clock.monotonic() + withinMs;
  for (;;) {
    if (clock instanceof ManualClock) await clock.settle();
    const left = await leftOver(pushed, admin);
    if (left.length === 0) return;
    if (!(await pass(clock, endMs)))
      throw notDrained(left, clock.monotonic() >= endMs ? `${withinMs} ms have passed` : 'no timer will move it');
  }
}

interface LeftOver extends GroupProgress {
  readonly group: string;
}

/** What is left of a topic that is pushed to somebody, in words. */
async function leftOver(pushed: PushedTopics, admin: Admin): Promise<string[]> {
  const left: string[] = [];
  for (const topic of pushed.topics()) {
    const delayed = (await admin.getTopic(topic))?.delayed ?? 0;
    if (delayed > 0) left.push(`topic ${JSON.stringify(topic)}: ${delayed} delay messages that wait for their time`);
  }
  for (const group of pushed.groups()) {
    for (const progress of await admin.getGroupProgress(group)) {
      if (progress.lag > 0 && pushed.has(group, progress.topic)) left.push(inWords({ group, ...progress }));
    }
  }
  return left;
}

/** Goes on to the next timer; false when there is none, or no time is left. */
async function pass(clock: Clock, endMs: number): Promise<boolean> {
  const leftMs = endMs - clock.monotonic();
  if (leftMs <= 0) return false;
  if (!(clock instanceof ManualClock)) {
    await sleep(REAL_PAUSE_MS);
    return true;
  }
  const nextMs = clock.nextTimerInMs;
  if (nextMs === undefined || nextMs > leftMs) return false;
  await clock.advance(nextMs);
  return true;
}

function inWords({ group, topic, queueId, lag, inflight, delayedRetries }: LeftOver): string {
  const counts = `${lag} messages (${inflight} in flight, ${delayedRetries} waiting for a retry)`;
  return `group ${JSON.stringify(group)}, topic ${JSON.stringify(topic)}, queue ${queueId}: ${counts}`;
}

function notDrained(left: readonly string[], why: string): AssertionError {
  const lines = left.map((one) => `  ${one}`);
  return new AssertionError({ message: `The broker does not drain, ${why}; left are\n${lines.join('\n')}`, stackStartFn: drain });
}
