import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageView } from '../src/index.ts';
import { ManualClock, openTestBroker, type RecordedEvent, type TestBroker } from '../src/testing/index.ts';

// The law: each broadcast consumer hears, of each message group, one message after the other, each until it succeeds or is dropped; and every
// message ends for every consumer exactly once.

interface Plan {
  readonly maxAttempts: number;
  /** The message group of each message. */
  readonly messages: readonly ('a' | 'b' | 'c' | undefined)[];
  readonly members: readonly { readonly concurrency: number; readonly isSlow: boolean; readonly failures: readonly number[] }[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  messages: fc.array(fc.constantFrom('a', 'b', 'c', undefined), { minLength: 1, maxLength: 16 }),
  members: fc.array(
    fc.record({
      concurrency: fc.integer({ min: 1, max: 5 }),
      isSlow: fc.boolean(),
      // How often each message fails, taken in turn.
      failures: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 9), { minLength: 1, maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

type Member = Plan['members'][number];
type Heard = { readonly number: number; readonly attempt: number };

function failuresOf({ failures }: Member, number: number): number {
  return failures[number % failures.length] ?? 0;
}

async function listenTo(broker: TestBroker, member: Member): Promise<Heard[]> {
  const heard: Heard[] = [];
  const end = (message: MessageView): 'success' | 'failure' =>
    message.deliveryAttempt <= failuresOf(member, Number(message.text())) ? 'failure' : 'success';
  await broker.createPushConsumer({
    group: 'stations',
    mode: 'broadcast',
    subscriptions: { news: '*' },
    concurrency: member.concurrency,
    listener: (message) => {
      heard.push({ number: Number(message.text()), attempt: message.deliveryAttempt });
      return member.isSlow ? new Promise((resolve) => setImmediate(() => resolve(end(message)))) : end(message);
    },
  });
  return heard;
}

/** What a member has to hear of some messages that come one after the other. */
function expectedOf(member: Member, numbers: readonly number[], maxAttempts: number): Heard[] {
  return numbers.flatMap((number) => {
    const attempts = Math.min(failuresOf(member, number) + 1, maxAttempts);
    return Array.from({ length: attempts }, (_, i) => ({ number, attempt: i + 1 }));
  });
}

/** How often each message ended in a way, over all members. */
function endings(events: readonly RecordedEvent[], kind: 'acked' | 'dropped', ids: readonly string[]): number[] {
  return ids.map((id) => events.filter((recorded) => recorded.kind === kind && recorded.event.messageId === id).length);
}

async function check({ maxAttempts, messages, members }: Plan): Promise<void> {
  const clock = new ManualClock();
  const broker = await openTestBroker({ clock });
  await broker.admin.createGroup('stations', { maxAttempts, retryPolicy: { kind: 'customized', delaysMs: [10, 50] } });
  const stations: { member: Member; heard: Heard[] }[] = [];
  for (const member of members) stations.push({ member, heard: await listenTo(broker, member) });
  const producer = broker.createProducer();
  const receipts = await Promise.all(
    messages.map((messageGroup, i) => producer.send({ topic: 'news', body: `${i}`, ...(messageGroup && { messageGroup }) })),
  );
  await broker.drain();

  for (const { member, heard } of stations) {
    const numbersOf = (name: string | undefined): number[] => messages.flatMap((group, i) => (group === name ? [i] : []));
    for (const name of ['a', 'b', 'c']) {
      const numbers = numbersOf(name);
      expect(heard.filter(({ number }) => messages[number] === name)).toEqual(expectedOf(member, numbers, maxAttempts));
    }
    for (const number of numbersOf(undefined))
      expect(heard.filter((one) => one.number === number)).toEqual(expectedOf(member, [number], maxAttempts));
  }

  const ids = receipts.map(({ messageId }) => messageId);
  const drops = messages.map((_, i) => members.filter((member) => failuresOf(member, i) >= maxAttempts).length);
  expect(endings(broker.recordedEvents, 'dropped', ids)).toEqual(drops);
  expect(endings(broker.recordedEvents, 'acked', ids)).toEqual(drops.map((count) => members.length - count));
  const stats = await broker.admin.stats();
  const dropped = drops.reduce((sum, count) => sum + count, 0);
  expect(stats).toMatchObject({ dropped, acked: messages.length * members.length - dropped, unsettled: 0, deadLettered: 0 });
  expect((await broker.admin.listDeadLetters('stations')).items).toEqual([]);
  await broker.close();
}

test('each broadcast consumer hears its message groups in order, and every message ends once for each', async () => {
  await fc.assert(fc.asyncProperty(plan, check), { numRuns: 120 });
});
