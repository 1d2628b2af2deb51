import assert from 'node:assert/strict';
import { hears, tuneIn } from './broadcast.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, TOPIC } from './scene.ts';

export const broadcastGroups: ContractTheme = {
  name: 'groups of broadcast consumers',
  tests: {
    'the first consumer makes the group one of broadcast consumers': async (scene) => {
      await tuneIn(scene, { subscriptions: { [TOPIC]: 'b || a' } });
      const group = await scene.admin.getGroup(GROUP);
      assert.equal(group?.kind, 'broadcast');
      assert.deepEqual(group?.subscriptions, { [TOPIC]: 'a || b' });
    },
    'other consumers of it are MQ_GROUP_KIND_CONFLICT, also when no broadcast consumer is open': async (scene) => {
      const { consumer } = await tuneIn(scene);
      for (let i = 0; i < 2; i++) {
        await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.simple());
        await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.push({ listener: () => {} }));
        await consumer.close();
      }
      await tuneIn(scene);
    },
    'a broadcast consumer of a group of others is MQ_GROUP_KIND_CONFLICT': async (scene) => {
      const consumer = await scene.simple();
      await refuses('MQ_GROUP_KIND_CONFLICT', () => tuneIn(scene));
      await consumer.close();
      await refuses('MQ_GROUP_KIND_CONFLICT', () => tuneIn(scene));
    },
    'a group that was deleted may be of another kind': async (scene) => {
      await (await tuneIn(scene)).consumer.close();
      await scene.admin.deleteGroup(GROUP);
      await scene.send({ body: 'a' });
      const consumer = await scene.simple();
      await consumer.ack(await scene.receiveOne(consumer));
      await consumer.close();
      await scene.admin.deleteGroup(GROUP);
      await hears(scene, await tuneIn(scene, { startFrom: 'earliest' }), ['a#1']);
    },
    'of two first uses at the same time one wins, and the other leaves no trace': async (scene) => {
      await scene.send({ body: 'a' });
      const opened = await Promise.allSettled([scene.simple(), tuneIn(scene, { startFrom: 'earliest' }), scene.simple()]);
      const kind = (await scene.admin.getGroup(GROUP))?.kind;
      assert.ok(kind === 'push/simple' || kind === 'broadcast', `the group is of the kind ${kind}`);
      const won = opened.map(({ status }) => status === 'fulfilled');
      assert.deepEqual(won, kind === 'broadcast' ? [false, true, false] : [true, false, true]);
      for (const one of opened) if (one.status === 'rejected') await refuses('MQ_GROUP_KIND_CONFLICT', () => Promise.reject(one.reason));
    },
    'another expression than that of an open member is MQ_SUBSCRIPTION_CONFLICT': async (scene) => {
      const first = await tuneIn(scene, { subscriptions: { [TOPIC]: 'a' } });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => tuneIn(scene, { subscriptions: { [TOPIC]: 'b' } }));
      await first.consumer.close();
      const second = await tuneIn(scene, { subscriptions: { [TOPIC]: 'b' } });
      await scene.send({ tag: 'b', body: 'b' });
      await hears(scene, second, ['b#1']);
    },
    'a group with open broadcast consumers cannot be deleted, nor change its order': async (scene) => {
      const { consumer } = await tuneIn(scene);
      await refuses('MQ_GROUP_IN_USE', () => scene.admin.deleteGroup(GROUP));
      await refuses('MQ_GROUP_IN_USE', () => scene.admin.updateGroup(GROUP, { ordered: false }));
      await consumer.close();
      await scene.admin.updateGroup(GROUP, { ordered: false });
      await scene.admin.deleteGroup(GROUP);
      assert.equal(await scene.admin.getGroup(GROUP), undefined);
    },
    'a change of the group reaches consumers that are open': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [60_000] } });
      const stations = [await tuneIn(scene, { fails: () => true }), await tuneIn(scene, { fails: () => true })];
      await scene.admin.updateGroup(GROUP, { paused: true });
      await scene.send({ body: 'a' });
      for (const station of stations) await hears(scene, station, []);
      await scene.admin.updateGroup(GROUP, { paused: false, retryPolicy: { kind: 'customized', delaysMs: [1_000] }, maxAttempts: 2 });
      for (const station of stations) await hears(scene, station, ['a#1']);
      await scene.pass(1_000);
      for (const station of stations) await hears(scene, station, ['a#1', 'a#2']);
      await scene.pass(60_000);
      for (const station of stations) await hears(scene, station, ['a#1', 'a#2']);
      assert.equal((await scene.admin.stats()).dropped, 2);
    },
    'fewer attempts than a waiting message has had drop it when its time comes': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      const station = await tuneIn(scene, { fails: () => true });
      await scene.send({ body: 'a' });
      await hears(scene, station, ['a#1']);
      await scene.admin.updateGroup(GROUP, { maxAttempts: 1 });
      await scene.pass(1_000);
      await hears(scene, station, ['a#1']);
      assert.equal((await scene.admin.stats()).dropped, 1);
    },
    'the progress is that of the slowest open consumer': async (scene) => {
      await scene.admin.createTopic(TOPIC, { queueCount: 1 });
      const slow = await tuneIn(scene);
      const fast = await tuneIn(scene);
      slow.consumer.pause();
      await scene.sendTexts(['a', 'b', 'c']);
      await hears(scene, fast, ['a#1', 'b#1', 'c#1']);
      const [row, ...others] = await scene.admin.getGroupProgress(GROUP);
      assert.deepEqual(others, []);
      assert.deepEqual([row?.queueId, row?.floor, row?.frontier, row?.lag, row?.inflight], [0, 0, 0, 3, 0]);
      assert.equal(typeof row?.oldestUnackedAtMs, 'number');
      await slow.consumer.close();
      assert.deepEqual(
        (await scene.admin.getGroupProgress(GROUP)).map(({ floor, lag }) => [floor, lag]),
        [[3, 0]],
      );
      await fast.consumer.close();
      assert.deepEqual(await scene.admin.getGroupProgress(GROUP), []);
    },
    'resetOffset is MQ_GROUP_KIND_CONFLICT': async (scene) => {
      await scene.send();
      await tuneIn(scene);
      await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.admin.resetOffset(GROUP, { topic: TOPIC, to: 'earliest' }));
    },
    'a handle of a broadcast delivery settles nothing in another group': async (scene) => {
      const handles: string[] = [];
      const listener = (message: { receiptHandle: string }): void => void handles.push(message.receiptHandle);
      await tuneIn(scene, { listener });
      const consumer = await scene.simple({ group: 'other' });
      await scene.send();
      await scene.eventually(() => handles.length === 1, 'the delivery');
      const message = await scene.receiveOne(consumer);
      await refuses('MQ_INVALID_RECEIPT_HANDLE', () => consumer.ack({ ...message, receiptHandle: handles[0] ?? '' }));
    },
    'a broadcast delivery cannot be acknowledged in an atomic unit': async (scene) => {
      const outcomes: unknown[] = [];
      await tuneIn(scene, {
        listener: async (message) => {
          await scene.broker
            .atomic((unit) => {
              unit.ack(message);
              unit.send({ topic: 'other', body: 'x' });
            })
            .then(
              () => outcomes.push('committed'),
              (error: { code: string }) => outcomes.push(error.code),
            );
        },
      });
      await scene.send();
      await scene.eventually(() => outcomes.length === 1, 'the outcome');
      assert.deepEqual(outcomes, ['MQ_GROUP_KIND_CONFLICT']);
      await scene.receiveNothing(await scene.simple({ group: 'probe', subscriptions: { other: '*' } }));
    },
  },
};
