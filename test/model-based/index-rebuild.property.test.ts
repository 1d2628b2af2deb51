import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageView } from '../../src/index.ts';
import { commands, FlowSystem } from '../../src/testing/fast-check/index.ts';
import { ManualClock, openTestBroker, type SimulatedDisk } from '../../src/testing/index.ts';

/** Checksum, format, and the log position that a value includes: they tell when it was written, not what is so. */
const ENVELOPE_DIGITS = 2 * 13;
/** Kinds of values that are the same however often they were written. Consume queues are cut into pieces as they grow, checkpoints have their time. */
const COMPARED = /^(02|03|04|20|21|22|30|40|41|42|70)/;

type Dump = readonly (readonly [hexKey: string, hexContent: string])[];

function indexOf(disk: SimulatedDisk): Dump {
  return disk
    .dump('index')
    .filter(([key]) => COMPARED.test(key))
    .map(([key, value]) => [key, value.slice(ENVELOPE_DIGITS)]);
}

function textsOf(messages: readonly MessageView[]): string[] {
  return messages.map((message) => message.text());
}

/** Opens and closes a broker, and tells what it sees meanwhile. */
async function look(disk: SimulatedDisk, startAtMs: number): Promise<unknown> {
  const broker = await openTestBroker({ storage: disk, clock: new ManualClock({ startAtMs }), seed: 99 });
  const { admin } = broker;
  const seen: unknown[] = [(await admin.listTopics()).items, (await admin.listGroups()).items];
  for (const { name } of (await admin.listGroups()).items) {
    seen.push((await admin.getGroupProgress(name)).map((progress) => JSON.stringify(progress)).sort());
    seen.push((await admin.listDeadLetters(name)).items.map((letter) => ({ ...letter, message: letter.message.text() })));
  }
  seen.push((await admin.listTransactions()).items.map((transaction) => ({ ...transaction, messages: textsOf(transaction.messages) })));
  for await (const [key, value] of broker.store.entries()) seen.push([key, new TextDecoder().decode(value)]);
  const topics = (await admin.listTopics()).items.map(({ name }) => name);
  for (const topic of topics) {
    const { items } = await admin.listDelayed(topic);
    seen.push(items.map(({ message, deliverAtMs, recallHandle }) => [message.text(), deliverAtMs, recallHandle]));
  }
  const reader = await broker.createSimpleConsumer({
    group: 'reader',
    subscriptions: Object.fromEntries(topics.map((topic) => [topic, '*'])),
    awaitDurationMs: 0,
    maxMessages: 1_000,
  });
  const texts: string[] = [];
  for (let messages = await reader.receive(); messages.length > 0; messages = await reader.receive()) {
    texts.push(...messages.map((message) => `${message.text()} ${message.topic}/${message.queueId}/${message.queueOffset}`));
    await reader.ack(messages);
  }
  await broker.close();
  return [...seen, texts.sort()];
}

test('I10: an index that is built anew from the log is the index that was there', { timeout: 120_000 }, async () => {
  const property = fc.asyncProperty(commands({ maxCommands: 60 }), fc.nat(), async (steps, seed) => {
    const system = await FlowSystem.open({ seed });
    const model = system.newModel();
    await fc.asyncModelRun(() => ({ model, real: system }), steps);
    await system.broker.close({ deadlineMs: 0 });
    const { disk } = system.broker;
    if (disk === undefined) throw new Error('the commands run on a simulated disk');
    const startAtMs = system.clock.now();
    const [kept, rebuilt] = [disk.clone(), disk.clone()];
    rebuilt.deleteStore('index');
    for (const one of [kept, rebuilt]) {
      const broker = await openTestBroker({ storage: one, clock: new ManualClock({ startAtMs }), seed: 99 });
      await broker.close();
    }
    expect(rebuilt.dump('log')).toEqual(kept.dump('log'));
    expect(indexOf(rebuilt)).toEqual(indexOf(kept));
    expect(await look(rebuilt, startAtMs)).toEqual(await look(kept, startAtMs));
  });
  await fc.assert(property, { numRuns: 300 });
});
