import assert from 'node:assert/strict';
import { tuneIn } from './broadcast.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, TOPIC, texts } from './scene.ts';

export const pullGroups: ContractTheme = {
  name: 'pull consumers: groups',
  tests: {
    'the first consumer makes the group one of pull consumers': async (scene) => {
      await scene.pull({ subscriptions: { [TOPIC]: 'b || a' } });
      const group = await scene.admin.getGroup(GROUP);
      assert.equal(group?.kind, 'pull');
      assert.deepEqual(group?.subscriptions, { [TOPIC]: 'a || b' });
    },
    'other consumers of it are MQ_GROUP_KIND_CONFLICT, also when no pull consumer is open': async (scene) => {
      const consumer = await scene.pull();
      for (let i = 0; i < 2; i++) {
        await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.simple());
        await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.push({ listener: () => {} }));
        await refuses('MQ_GROUP_KIND_CONFLICT', () => tuneIn(scene));
        await consumer.close();
      }
      await scene.pull();
    },
    'a pull consumer of a group of others is MQ_GROUP_KIND_CONFLICT': async (scene) => {
      const consumer = await scene.simple();
      await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.pull());
      await consumer.close();
      await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.pull());
      await (await tuneIn(scene, { group: 'broadcast' })).consumer.close();
      await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.pull({ group: 'broadcast' }));
    },
    'a group that was deleted may be of another kind, and begins anew': async (scene) => {
      await scene.send({ body: 'a' });
      const consumer = await scene.pull();
      await scene.poll(consumer, 1);
      await consumer.commit();
      await refuses('MQ_GROUP_IN_USE', () => scene.admin.deleteGroup(GROUP));
      await consumer.close();
      await scene.admin.deleteGroup(GROUP);
      const simple = await scene.simple();
      await simple.ack(await scene.receiveOne(simple));
      await simple.close();
      await scene.admin.deleteGroup(GROUP);
      assert.deepEqual(texts(await scene.poll(await scene.pull(), 1)), ['a']);
    },
    'other groups get their own': async (scene) => {
      await scene.send({ body: 'a' });
      const pull = await scene.pull();
      const simple = await scene.simple({ group: 'simple' });
      assert.deepEqual(texts(await scene.poll(pull, 1)), ['a']);
      assert.deepEqual(texts(await scene.receive(simple, 1)), ['a']);
      assert.deepEqual(texts(await scene.poll(await scene.pull({ group: 'pull-too' }), 1)), ['a']);
    },
    'another expression than that of an open member is MQ_SUBSCRIPTION_CONFLICT': async (scene) => {
      await scene.pull({ subscriptions: { [TOPIC]: 'a' } });
      await refuses('MQ_SUBSCRIPTION_CONFLICT', () => scene.pull({ subscriptions: { [TOPIC]: 'b' } }));
    },
  },
};
