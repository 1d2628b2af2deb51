import assert from 'node:assert/strict';
import type { PushConsumer, PushConsumerOptions } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC, wrongly } from './scene.ts';

/** A broadcast consumer that writes down what it gets, as text and attempt. */
interface Station {
  readonly heard: string[];
  readonly consumer: PushConsumer;
}

export async function tuneIn(
  scene: Scene,
  { fails = () => false, ...options }: Partial<PushConsumerOptions> & { fails?: (text: string, attempt: number) => boolean } = {},
): Promise<Station> {
  const heard: string[] = [];
  const consumer = await scene.push({
    mode: 'broadcast',
    listener: (message) => {
      heard.push(`${message.text()}#${message.deliveryAttempt}`);
      return fails(message.text(), message.deliveryAttempt) ? 'failure' : 'success';
    },
    ...options,
  });
  return { heard, consumer };
}

/** Waits until a station has heard as many messages, and a little longer for one too many. */
export async function hears(scene: Scene, { heard }: Station, expected: readonly string[]): Promise<void> {
  await scene.eventually(() => heard.length >= expected.length, `${expected.length} messages, of which came ${heard.join(' ')}`);
  await scene.settle();
  assert.deepEqual([...heard].sort(), [...expected].sort());
}

export const broadcast: ContractTheme = {
  name: 'broadcast consumers',
  tests: {
    'every open consumer of the group gets every message': async (scene) => {
      const [first, second] = [await tuneIn(scene), await tuneIn(scene)];
      await scene.sendTexts(['a', 'b', 'c']);
      for (const station of [first, second]) await hears(scene, station, ['a#1', 'b#1', 'c#1']);
    },
    'a consumer starts with what is stored after it was opened, each time it opens': async (scene) => {
      await scene.sendTexts(['before']);
      const first = await tuneIn(scene);
      await scene.sendTexts(['a']);
      await hears(scene, first, ['a#1']);
      await first.consumer.close();
      await scene.sendTexts(['missed']);
      const second = await tuneIn(scene);
      await scene.sendTexts(['b']);
      await hears(scene, second, ['b#1']);
      assert.deepEqual(first.heard, ['a#1']);
    },
    "'earliest' starts with the first message, each time it opens": async (scene) => {
      await scene.sendTexts(['a', 'b']);
      for (let i = 0; i < 2; i++) {
        const station = await tuneIn(scene, { startFrom: 'earliest' });
        await hears(scene, station, ['a#1', 'b#1']);
        await station.consumer.close();
      }
    },
    'the start of the group is not that of its broadcast consumers': async (scene) => {
      await scene.admin.createGroup(GROUP, { startFrom: 'earliest' });
      await scene.sendTexts(['before']);
      const station = await tuneIn(scene);
      await scene.sendTexts(['a']);
      await hears(scene, station, ['a#1']);
    },
    'an instant in the past starts with what was stored from then on': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e']);
      await scene.pass(1_000);
      await scene.sendTexts(['f', 'g', 'h', 'i', 'j']);
      const probe = await scene.receive(await scene.simple({ group: 'probe' }), 10);
      const atMs = Math.min(...probe.filter((message) => message.text() >= 'f').map(({ storedAtMs }) => storedAtMs));
      await hears(scene, await tuneIn(scene, { startFrom: { atMs } }), ['f#1', 'g#1', 'h#1', 'i#1', 'j#1']);
    },
    'an instant in the future waits for what is stored from then on, also in a topic that is created meanwhile': async (scene) => {
      const { messageId } = await scene.send({ body: 'a' });
      const probe = await scene.receiveOne(await scene.simple({ group: 'probe' }));
      assert.equal(probe.messageId, messageId);
      const subscriptions = { [TOPIC]: '*', later: '*' };
      const station = await tuneIn(scene, { subscriptions, startFrom: { atMs: probe.storedAtMs + 5_000 } });
      await scene.sendTexts(['b', 'c']);
      await scene.producer.send({ topic: 'later', body: 'd' });
      await hears(scene, station, []);
      await scene.pass(5_000);
      await scene.sendTexts(['e', 'f']);
      await scene.producer.send({ topic: 'later', body: 'g' });
      await hears(scene, station, ['e#1', 'f#1', 'g#1']);
    },
    'a topic that is created later is heard from its first message': async (scene) => {
      const station = await tuneIn(scene);
      await scene.sendTexts(['a', 'b']);
      await hears(scene, station, ['a#1', 'b#1']);
    },
    'queues that are added later are heard from their first message': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      await scene.sendTexts(['before']);
      const station = await tuneIn(scene);
      await scene.admin.updateTopic(TOPIC, { queueCount: 4 });
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      await hears(scene, station, ['a#1', 'b#1', 'c#1', 'd#1']);
    },
    'a topic that was deleted and created again is heard from its first message': async (scene) => {
      await scene.send({ body: 'before' });
      const station = await tuneIn(scene);
      await scene.sendTexts(['a']);
      await hears(scene, station, ['a#1']);
      await scene.admin.deleteTopic(TOPIC);
      assert.deepEqual(await scene.admin.getGroupProgress(GROUP), []);
      await scene.sendTexts(['b', 'c']);
      await hears(scene, station, ['a#1', 'b#1', 'c#1']);
    },
    'a failure is repeated by the policy in the consumer that failed, and in no other': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000, 3_000] } });
      const weak = await tuneIn(scene, { fails: (_text, attempt) => attempt < 3 });
      const strong = await tuneIn(scene);
      await scene.send({ body: 'a' });
      await hears(scene, weak, ['a#1']);
      await scene.pass(900);
      await hears(scene, weak, ['a#1']);
      await scene.pass(100);
      await hears(scene, weak, ['a#1', 'a#2']);
      await scene.pass(2_900);
      await hears(scene, weak, ['a#1', 'a#2']);
      await scene.pass(100);
      await hears(scene, weak, ['a#1', 'a#2', 'a#3']);
      await scene.pass(60_000);
      await hears(scene, weak, ['a#1', 'a#2', 'a#3']);
      await hears(scene, strong, ['a#1']);
    },
    'after the last attempt a message is dropped, and is no dead letter': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      const station = await tuneIn(scene, { fails: (text) => text === 'bad' });
      await scene.sendTexts(['bad', 'good']);
      await hears(scene, station, ['bad#1', 'good#1']);
      await scene.pass(1_000);
      await hears(scene, station, ['bad#1', 'good#1', 'bad#2']);
      await scene.pass(60_000);
      await hears(scene, station, ['bad#1', 'good#1', 'bad#2']);
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
      const stats = await scene.admin.stats();
      assert.deepEqual(
        [stats.delivered, stats.acked, stats.failed, stats.dropped, stats.deadLettered, stats.unsettled],
        [3, 1, 2, 1, 0, 0],
      );
    },
    'inside a message group the order is kept through failures and drops, in each consumer for itself': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      const weak = await tuneIn(scene, { fails: (text) => text === 'a1' });
      const strong = await tuneIn(scene);
      for (const body of ['a1', 'b1', 'a2', 'b2', 'a3']) await scene.send({ body, messageGroup: body.slice(0, 1) });
      const ofGroup = ({ heard }: Station, name: string): string[] => heard.filter((text) => text.startsWith(name));
      await hears(scene, strong, ['a1#1', 'b1#1', 'a2#1', 'b2#1', 'a3#1']);
      await hears(scene, weak, ['a1#1', 'b1#1', 'b2#1']);
      await scene.pass(1_000);
      await hears(scene, weak, ['a1#1', 'b1#1', 'b2#1', 'a1#2', 'a2#1', 'a3#1']);
      assert.deepEqual(ofGroup(weak, 'a'), ['a1#1', 'a1#2', 'a2#1', 'a3#1']);
      assert.deepEqual(ofGroup(strong, 'a'), ['a1#1', 'a2#1', 'a3#1']);
    },
    'a group that is not ordered does not wait for its message groups': async (scene) => {
      await scene.admin.createGroup(GROUP, { ordered: false, retryPolicy: { kind: 'customized', delaysMs: [60_000] } });
      const station = await tuneIn(scene, { fails: (text) => text === 'a1' });
      await scene.sendTexts(['a1', 'a2'], { messageGroup: 'a' });
      await hears(scene, station, ['a1#1', 'a2#1']);
    },
    'a listener that takes longer than its consume timeout has failed': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [0] } });
      const attempts: number[] = [];
      const listener: PushConsumerOptions['listener'] = (message) => {
        attempts.push(message.deliveryAttempt);
        return attempts.length === 1 ? new Promise<never>(() => {}) : 'success';
      };
      await tuneIn(scene, { consumeTimeoutMs: 1_000, listener });
      await scene.send();
      await scene.eventually(() => attempts.length === 1, 'the first attempt');
      await scene.pass(1_000);
      await scene.eventually(() => attempts.length === 2, 'the second attempt');
      assert.deepEqual(attempts, [1, 2]);
    },
    'what a filter passes over is not delivered': async (scene) => {
      const station = await tuneIn(scene, { subscriptions: { [TOPIC]: 'paid || refunded' } });
      for (const tag of ['paid', 'open', 'refunded']) await scene.send({ tag, body: tag });
      await hears(scene, station, ['paid#1', 'refunded#1']);
    },
    'a paused consumer goes on where it was, and the others do not wait for it': async (scene) => {
      const [paused, other] = [await tuneIn(scene), await tuneIn(scene)];
      paused.consumer.pause();
      await scene.sendTexts(['a', 'b']);
      await hears(scene, other, ['a#1', 'b#1']);
      assert.deepEqual(paused.heard, []);
      paused.consumer.resume();
      await hears(scene, paused, ['a#1', 'b#1']);
    },
    'closing waits for the listener, and what it held is not delivered to the others again': async (scene) => {
      let end: () => void = () => {};
      const calls: string[] = [];
      const listener: PushConsumerOptions['listener'] = (message) => {
        calls.push(message.text());
        return new Promise<void>((resolve) => (end = resolve));
      };
      const busy = await tuneIn(scene, { listener });
      const other = await tuneIn(scene);
      await scene.sendTexts(['a']);
      await scene.eventually(() => calls.length === 1, 'the call');
      let closed = false;
      const closing = busy.consumer.close().then(() => {
        closed = true;
      });
      await scene.settle();
      assert.equal(closed, false);
      end();
      await closing;
      await scene.sendTexts(['b']);
      await hears(scene, other, ['a#1', 'b#1']);
      assert.deepEqual(calls, ['a']);
    },
    "the mode is 'cluster' or 'broadcast'": async (scene) => {
      for (const mode of ['both', null, 1]) await refuses('MQ_ILLEGAL_ARGUMENT', () => tuneIn(scene, { mode: wrongly(mode) }));
      const cluster = [await tuneIn(scene, { mode: 'cluster' }), await tuneIn(scene, { mode: undefined })];
      await scene.sendTexts(['a', 'b', 'c', 'd']);
      await scene.eventually(() => cluster.reduce((count, { heard }) => count + heard.length, 0) === 4, 'each message once');
    },
  },
};
