import assert from 'node:assert/strict';
import type { MessageQueue } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { oneQueue } from './pull-consumers.ts';
import { GROUP, refuses, TOPIC, texts, wrongly } from './scene.ts';

const QUEUE: MessageQueue = { topic: TOPIC, queueId: 0 };
const letters = ['a', 'b', 'c', 'd', 'e'];

export const pullPositions: ContractTheme = {
  name: 'pull consumers: positions',
  tests: {
    'the position is behind what was polled': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      assert.equal(await consumer.position(QUEUE), 0);
      await consumer.poll({ maxMessages: 2 });
      assert.equal(await consumer.position(QUEUE), 2);
    },
    'what was committed is not polled again by the next consumer, what was not is': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const first = await scene.pull();
      await first.poll({ maxMessages: 2 });
      await first.commit();
      await first.poll({ maxMessages: 2 });
      await first.close();
      const second = await scene.pull();
      assert.equal(await second.position(QUEUE), 2);
      assert.deepEqual(texts(await second.poll()), ['c', 'd', 'e']);
    },
    'a commit stores the positions of all queues': async (scene) => {
      await scene.sendTexts(letters);
      const first = await scene.pull();
      await scene.poll(first, 5);
      await first.commit();
      await first.close();
      const second = await scene.pull();
      assert.deepEqual(await second.poll({ awaitDurationMs: 0 }), []);
      await scene.send({ body: 'f' });
      assert.deepEqual(texts(await scene.poll(second, 1)), ['f']);
    },
    'a commit does not count what a poll under way will bring': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const first = await scene.pull();
      const polled = first.poll({ maxMessages: 2 });
      await first.commit();
      assert.deepEqual(texts(await polled), ['a', 'b']);
      await first.close();
      assert.deepEqual(texts(await (await scene.pull()).poll()), letters);
    },
    'commits that overlap store the last position': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const first = await scene.pull();
      const commits: Promise<void>[] = [];
      for (let i = 0; i < letters.length; i++) {
        await first.poll({ maxMessages: 1 });
        commits.push(first.commit(), first.commit());
      }
      await Promise.all(commits);
      await first.close();
      assert.equal(await (await scene.pull()).position(QUEUE), 5);
    },
    'who takes a queue over goes on behind a commit that is on its way': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const [first, second] = [await scene.pull(), await scene.pull()];
      await first.poll({ maxMessages: 3 });
      const committed = first.commit();
      second.assign([QUEUE]);
      assert.equal(await second.position(QUEUE), 3);
      await committed;
      assert.deepEqual(texts(await second.poll()), ['d', 'e']);
    },
    'seek goes to an offset, the beginning, the end, and an instant': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(['a', 'b']);
      await scene.pass(1_000);
      await scene.sendTexts(['c', 'd']);
      const consumer = await scene.pull();
      const storedAtMs = (await scene.poll(consumer, 4)).map((message) => message.storedAtMs);
      await consumer.seek(QUEUE, 1);
      assert.deepEqual(texts(await consumer.poll({ maxMessages: 1 })), ['b']);
      await consumer.seek(QUEUE, 'earliest');
      assert.deepEqual(texts(await consumer.poll({ maxMessages: 1 })), ['a']);
      await consumer.seek(QUEUE, { atMs: storedAtMs[2] as number });
      assert.deepEqual(texts(await consumer.poll()), ['c', 'd']);
      await consumer.seek(QUEUE, 0);
      await consumer.seek(QUEUE, 'latest');
      assert.deepEqual(await consumer.poll({ awaitDurationMs: 0 }), []);
      assert.equal(await consumer.position(QUEUE), 4);
    },
    'seek behind the stored position brings the messages again, and a commit stores it': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const first = await scene.pull();
      await first.poll();
      await first.commit();
      await first.seek(QUEUE, 3);
      assert.deepEqual(texts(await first.poll({ maxMessages: 1 })), ['d']);
      await first.seek(QUEUE, 1);
      await first.commit();
      await first.close();
      assert.deepEqual(texts(await (await scene.pull()).poll()), ['b', 'c', 'd', 'e']);
    },
    'seek makes a poll under way bring what lies there': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      const polled = consumer.poll({ maxMessages: 2 });
      await consumer.seek(QUEUE, 3);
      const seen = [...texts(await polled), ...texts(await consumer.poll({ awaitDurationMs: 0 }))];
      assert.deepEqual(seen.slice(-2), ['d', 'e']);
      assert.equal(await consumer.position(QUEUE), 5);
    },
    'of seeks that overlap the last one counts': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      await Promise.all([consumer.seek(QUEUE, { atMs: 0 }), consumer.seek(QUEUE, 4), consumer.seek(QUEUE, 3)]);
      assert.equal(await consumer.position(QUEUE), 3);
    },
    'seek wakes a poll that waits': async (scene) => {
      await oneQueue(scene);
      await scene.send({ body: 'a' });
      const consumer = await scene.pull({ startFrom: 'latest' });
      const polled = consumer.poll();
      await scene.settle();
      await consumer.seek(QUEUE, 'earliest');
      assert.deepEqual(texts(await polled), ['a']);
    },
    'offsets outside of the queue are MQ_ILLEGAL_OFFSET': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(['a', 'b']);
      const consumer = await scene.pull();
      for (const offset of [-1, 3, 0.5, Number.NaN]) await refuses('MQ_ILLEGAL_OFFSET', () => consumer.seek(QUEUE, offset));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => consumer.seek(QUEUE, wrongly('somewhere')));
      await consumer.seek(QUEUE, 2);
      assert.equal(await consumer.position(QUEUE), 2);
    },
    'start positions hold as for every group': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(['a']);
      const latest = await scene.pull({ startFrom: 'latest' });
      assert.equal(await latest.position(QUEUE), 1);
      await scene.admin.createGroup('by-group', { startFrom: 'latest' });
      assert.equal(await (await scene.pull({ group: 'by-group' })).position(QUEUE), 1);
      const probe = await scene.poll(await scene.pull({ group: 'probe' }), 1);
      const future = await scene.pull({ group: 'future', startFrom: { atMs: (probe[0]?.storedAtMs ?? 0) + 5_000 } });
      await scene.sendTexts(['b']);
      assert.deepEqual(await future.poll({ awaitDurationMs: 0 }), []);
      await scene.pass(5_000);
      await scene.sendTexts(['c']);
      assert.deepEqual(texts(await scene.poll(future, 1)), ['c']);
    },
    'the progress of the group shows the stored positions, and the lag behind them': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      await consumer.poll({ maxMessages: 2 });
      await consumer.commit();
      await consumer.poll({ maxMessages: 2 });
      const [row] = await scene.admin.getGroupProgress(GROUP);
      assert.ok(row);
      const { floor, frontier, lag, inflight } = row;
      assert.deepEqual({ floor, frontier, lag, inflight }, { floor: 2, frontier: 4, lag: 3, inflight: 0 });
    },
    'resetOffset moves the stored position and the open consumer': async (scene) => {
      await oneQueue(scene);
      await scene.sendTexts(letters);
      const consumer = await scene.pull();
      await consumer.poll();
      await consumer.commit();
      await scene.admin.resetOffset(GROUP, { topic: TOPIC, queueId: 0, to: { offset: 3 } });
      assert.equal(await consumer.position(QUEUE), 3);
      assert.deepEqual(texts(await consumer.poll()), ['d', 'e']);
      await consumer.close();
      assert.equal(await (await scene.pull()).position(QUEUE), 3);
    },
  },
};
