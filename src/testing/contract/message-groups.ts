import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, type Scene, sortedTexts, TOPIC, texts } from './scene.ts';

/** Messages a1, a2, a3, b1, b2, b3 of the message groups a and b. */
async function sendTwoGroups(scene: Scene): Promise<void> {
  for (const body of ['a1', 'b1', 'a2', 'b2', 'a3', 'b3']) await scene.send({ body, messageGroup: body.slice(0, 1) });
}

export const messageGroups: ContractTheme = {
  name: 'message groups',
  tests: {
    'the second message of a group comes after the first is acknowledged': async (scene) => {
      await sendTwoGroups(scene);
      const consumer = await scene.simple();
      const heads = await scene.receive(consumer, 2);
      assert.deepEqual(sortedTexts(heads), ['a1', 'b1']);
      await scene.receiveNothing(consumer);
      const a1 = heads.find((message) => message.text() === 'a1');
      assert.ok(a1);
      await consumer.ack(a1);
      assert.deepEqual(texts(await scene.receive(consumer, 1)), ['a2']);
      await scene.receiveNothing(consumer);
    },
    'a message that waits for its next attempt holds up its own group alone': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [1_000] } });
      await sendTwoGroups(scene);
      const seen: string[] = [];
      await scene.push({
        listener: (message) => {
          seen.push(message.text());
          return message.text() === 'a1' && message.deliveryAttempt === 1 ? 'failure' : 'success';
        },
      });
      await scene.eventually(() => seen.length === 4, 'a1 and all of b');
      await scene.settle();
      assert.deepEqual(
        seen.filter((text) => text.startsWith('b')),
        ['b1', 'b2', 'b3'],
      );
      assert.deepEqual(
        seen.filter((text) => text.startsWith('a')),
        ['a1'],
      );
      await scene.pass(1_000);
      await scene.eventually(() => seen.length === 7, 'the rest of a');
      assert.deepEqual(
        seen.filter((text) => text.startsWith('a')),
        ['a1', 'a1', 'a2', 'a3'],
      );
    },
    'the group goes on when its message is dead-lettered': async (scene) => {
      await scene.admin.createGroup(GROUP, { maxAttempts: 2, retryPolicy: { kind: 'customized', delaysMs: [0] } });
      await sendTwoGroups(scene);
      const seen: string[] = [];
      await scene.push({
        listener: (message) => {
          seen.push(message.text());
          return message.text() === 'a1' ? 'failure' : 'success';
        },
      });
      await scene.eventually(() => seen.length === 7, 'seven calls');
      assert.deepEqual(
        seen.filter((text) => text.startsWith('a')),
        ['a1', 'a1', 'a2', 'a3'],
      );
    },
    'the group goes on when its message is forwarded to the dead letters': async (scene) => {
      await sendTwoGroups(scene);
      const consumer = await scene.simple();
      const heads = await scene.receive(consumer, 2);
      for (const head of heads) await consumer.forwardToDeadLetter(head);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['a2', 'b2']);
    },
    'a lease that runs out keeps the order: the same message comes again first': async (scene) => {
      await sendTwoGroups(scene);
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await scene.receive(consumer, 2);
      await scene.pass(1_000);
      const again = await scene.receive(consumer, 2);
      assert.deepEqual(sortedTexts(again), ['a1', 'b1']);
      assert.ok(again.every(({ deliveryAttempt }) => deliveryAttempt === 2));
    },
    'a message that is given back stays first': async (scene) => {
      await sendTwoGroups(scene);
      const consumer = await scene.simple();
      for (const head of await scene.receive(consumer, 2)) await consumer.changeInvisibleDuration(head, 0);
      assert.deepEqual(sortedTexts(await scene.receive(consumer, 2)), ['a1', 'b1']);
    },
    'closing a consumer keeps the order for the next one': async (scene) => {
      await sendTwoGroups(scene);
      const first = await scene.simple();
      await scene.receive(first, 2);
      await first.close();
      assert.deepEqual(sortedTexts(await scene.receive(await scene.simple(), 2)), ['a1', 'b1']);
    },
    'order holds over many groups, consumers and failures': async (scene) => {
      await scene.admin.createGroup(GROUP, { retryPolicy: { kind: 'customized', delaysMs: [0] } });
      const seen = new Map<string, number[]>();
      const listener = (message: {
        messageGroup?: string | undefined;
        json(): unknown;
        deliveryAttempt: number;
      }): 'success' | 'failure' => {
        const n = message.json() as number;
        if (n % 3 === 0 && message.deliveryAttempt === 1) return 'failure';
        const numbers = seen.get(message.messageGroup ?? '') ?? [];
        seen.set(message.messageGroup ?? '', [...numbers, n]);
        return 'success';
      };
      await scene.push({ concurrency: 4, listener });
      await scene.push({ concurrency: 4, listener });
      for (let n = 0; n < 10; n++) {
        await scene.producer.sendBatch(
          Array.from({ length: 12 }, (_, group) => ({ topic: TOPIC, json: n, messageGroup: `group-${group}` })),
        );
      }
      const done = (): boolean => [...seen.values()].reduce((sum, numbers) => sum + numbers.length, 0) === 120;
      await scene.eventually(done, '120 successes');
      for (const [group, numbers] of seen) assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], group);
    },
    'messages without a group never wait for one another': async (scene) => {
      await scene.sendTexts(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      const consumer = await scene.simple();
      assert.equal((await scene.receive(consumer, 8)).length, 8);
    },
    'a group that is not ordered gets the messages of a message group at once': async (scene) => {
      await scene.admin.createGroup(GROUP, { ordered: false });
      await sendTwoGroups(scene);
      assert.deepEqual(sortedTexts(await scene.receive(await scene.simple(), 6)), ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    },
    'two consumer groups have their own order': async (scene) => {
      await sendTwoGroups(scene);
      const first = await scene.simple();
      await scene.receive(first, 2);
      const second = await scene.simple({ group: 'second' });
      assert.deepEqual(sortedTexts(await scene.receive(second, 2)), ['a1', 'b1']);
    },
    'a redriven message is delivered though its group has gone on': async (scene) => {
      await sendTwoGroups(scene);
      const consumer = await scene.simple();
      const heads = await scene.receive(consumer, 2);
      for (const head of heads) await consumer.forwardToDeadLetter(head);
      await consumer.ack(await scene.receive(consumer, 2));
      const thirds = await scene.receive(consumer, 2);
      assert.deepEqual(sortedTexts(thirds), ['a3', 'b3']);
      await scene.admin.redriveDeadLetters(GROUP);
      await scene.receiveNothing(consumer);
      await consumer.ack(thirds);
      const back = await scene.receive(consumer, 2);
      assert.deepEqual(sortedTexts(back), ['a1', 'b1']);
      await consumer.ack(back);
      await scene.receiveNothing(consumer);
    },
    'the queue of a message group stays when queues are added': async (scene) => {
      const [before] = await scene.sendTexts(['before'], { messageGroup: 'customer-7' });
      await scene.admin.updateTopic(TOPIC, { queueCount: 16 });
      const [after] = await scene.sendTexts(['after'], { messageGroup: 'customer-7' });
      assert.equal(after?.queueId, before?.queueId);
    },
  },
};
