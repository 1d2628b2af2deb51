import assert from 'node:assert/strict';
import type { AtomicUnit, MessageView } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC, wrongly } from './scene.ts';

const MEBIBYTE = 1_048_576;

async function hasValue(scene: Scene, key: string): Promise<boolean> {
  return (await scene.broker.store.get(key)) !== undefined;
}

/** A unit that acknowledges, and of which nothing may be left. */
async function isRefused(scene: Scene, message: MessageView): Promise<void> {
  await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () =>
    scene.broker.atomic((unit) => {
      unit.ack(message);
      unit.put('never', 'x');
    }),
  );
  assert.equal(await hasValue(scene, 'never'), false);
}

export const atomicUnitRefusals: ContractTheme = {
  name: 'what atomic units refuse',
  tests: {
    'a handle that was superseded or given back refuses the unit': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const first = await scene.receiveOne(consumer);
      const second = await consumer.changeInvisibleDuration(first, 60_000);
      await isRefused(scene, first);
      await consumer.changeInvisibleDuration(second, 0);
      await isRefused(scene, second);
      const third = await scene.receiveOne(consumer);
      await isRefused(scene, second);
      await scene.broker.atomic((unit) => unit.ack(third));
      await isRefused(scene, third);
    },
    'one delivery under two of its handles refuses the unit': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const first = await scene.receiveOne(consumer);
      const second = await consumer.changeInvisibleDuration(first, 60_000);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => scene.broker.atomic((unit) => unit.ack([first, second])));
      await scene.broker.atomic((unit) => unit.ack(second));
    },
    'a message whose group or topic was deleted refuses the unit': async (scene) => {
      for (const remove of [() => scene.admin.deleteGroup(GROUP), () => scene.admin.deleteTopic(TOPIC)]) {
        const consumer = await scene.simple();
        await scene.send();
        const message = await scene.receiveOne(consumer);
        await consumer.close();
        const kept = await scene.simple({ group: 'keeps-the-handle-valid' });
        await kept.close();
        await remove();
        await isRefused(scene, message);
      }
    },
    'a message of a list that is none leaves the others out too, and the work may go on': async (scene) => {
      const consumer = await scene.simple();
      await scene.send({ body: 'kept' });
      const message = await scene.receiveOne(consumer);
      await scene.broker.atomic(async (unit) => {
        for (const other of [null, 5, 'text', {}, []]) await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.ack(wrongly([message, other])));
        await refuses('MQ_INVALID_RECEIPT_HANDLE', () => unit.ack(wrongly([message, { receiptHandle: 'made-up' }])));
        for (const none of [undefined, null, 'text']) await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.ack(wrongly(none)));
        unit.put('done', 'x');
      });
      assert.equal(await hasValue(scene, 'done'), true);
      await consumer.changeInvisibleDuration(message, 0);
      assert.equal((await scene.receiveOne(consumer)).text(), 'kept');
    },
    'messages of several groups are acknowledged together': async (scene) => {
      const consumers = [await scene.simple({ group: 'one' }), await scene.simple({ group: 'two' })];
      await scene.send();
      const messages = await Promise.all(consumers.map((consumer) => scene.receiveOne(consumer)));
      await scene.broker.atomic((unit) => unit.ack(messages));
      for (const consumer of consumers) await scene.receiveNothing(consumer);
      for (const message of messages) await isRefused(scene, message);
    },
    'work that throws at once, rejects, or throws what is no error, leaves nothing': async (scene) => {
      const works = [
        (unit: AtomicUnit): never => {
          unit.put('never', 'x');
          throw wrongly<Error>('a text');
        },
        (unit: AtomicUnit): Promise<never> => {
          unit.send({ topic: TOPIC, body: 'never' });
          return Promise.reject(undefined);
        },
      ];
      const reasons = (await Promise.allSettled(works.map((work) => scene.broker.atomic(work)))).map(
        (outcome) => outcome.status === 'rejected' && outcome.reason,
      );
      assert.deepEqual(reasons, ['a text', undefined]);
      assert.equal(await hasValue(scene, 'never'), false);
      await scene.receiveNothing(await scene.simple());
    },
    'nobody sees a unit before its commit, its own work neither': async (scene) => {
      await scene.broker.atomic((unit) => unit.put('k', 'old'));
      await scene.broker.atomic(async (unit) => {
        unit.put('k', 'new');
        unit.put('other', 'x');
        assert.deepEqual(await scene.broker.store.get('k'), new TextEncoder().encode('old'));
        assert.equal(await hasValue(scene, 'other'), false);
      });
      assert.deepEqual(await scene.broker.store.get('k'), new TextEncoder().encode('new'));
    },
    'a unit inside the work of another one is a unit of its own': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const message = await scene.receiveOne(consumer);
      const outer = scene.broker.atomic(async (unit) => {
        unit.ack(message);
        unit.put('outer', 'x');
        await scene.broker.atomic((inner) => {
          inner.ack(message);
          inner.put('inner', 'x');
        });
        assert.equal(await hasValue(scene, 'inner'), true);
      });
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => outer);
      assert.equal(await hasValue(scene, 'outer'), false);
    },
    'every method of a unit is refused after its work, whatever came of it': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const message = await scene.receiveOne(consumer);
      const units: AtomicUnit[] = [];
      await scene.broker.atomic((unit) => void units.push(unit));
      const failed = scene.broker.atomic((unit) => {
        units.push(unit);
        throw new Error('no');
      });
      await assert.rejects(failed);
      for (const unit of units) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.ack(message));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.send({ topic: TOPIC, body: 'x' }));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.put('late', 'x'));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.delete('late'));
      }
      await consumer.ack(message);
    },
    'a unit is bounded in bytes, and what it replaces makes room': async (scene) => {
      const value = new Uint8Array(4 * MEBIBYTE);
      await scene.broker.atomic(async (unit) => {
        for (let i = 0; i < 7; i++) unit.put(`k${i}`, value);
        await refuses('MQ_PAYLOAD_TOO_LARGE', () => unit.put('k7', value));
        unit.put('k6', value);
        unit.delete('k5');
        unit.send({ topic: TOPIC, body: value });
        await refuses('MQ_PAYLOAD_TOO_LARGE', () => unit.send({ topic: TOPIC, body: value }));
        for (let i = 0; i < 7; i++) unit.delete(`k${i}`);
        unit.put('small', 'x');
      });
      assert.deepEqual(await scene.broker.store.getMany(['k0', 'small']), [undefined, Uint8Array.of(0x78)]);
    },
    'a topic whose type takes no such message refuses the whole unit': async (scene) => {
      await scene.admin.createTopic('ordered', { type: 'fifo' });
      await refuses('MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', () =>
        scene.broker.atomic((unit) => {
          unit.send({ topic: TOPIC, body: 'never' });
          unit.send({ topic: 'ordered', body: 'no group' });
          unit.put('never', 'x');
        }),
      );
      assert.equal(await hasValue(scene, 'never'), false);
      await scene.receiveNothing(await scene.simple());
    },
    'a broker that closes meanwhile refuses the unit': async (scene) => {
      const closing = scene.broker.atomic(async (unit) => {
        unit.put('never', 'x');
        await scene.messaging.close();
      });
      await refuses('MQ_BROKER_NOT_OPEN', () => closing);
      await refuses('MQ_BROKER_NOT_OPEN', () => scene.broker.atomic(() => 1));
    },
  },
};
