import assert from 'node:assert/strict';
import { type AtomicUnit, defineTopic } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { orderSchema, slowOrderSchema } from './order-schema.ts';
import { GROUP, refuses, type Scene, sortedTexts, TOPIC, texts, wrongly } from './scene.ts';

const OUTPUT = 'contract-output';

async function lagOf(scene: Scene): Promise<number> {
  const progress = await scene.admin.getGroupProgress(GROUP);
  return progress.reduce((lag, queue) => lag + queue.lag, 0);
}

async function stored(scene: Scene, key: string): Promise<string | undefined> {
  const value = await scene.broker.store.get(key);
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

export const atomicUnits: ContractTheme = {
  name: 'atomic units',
  tests: {
    'acknowledge, send, put and delete together': async (scene) => {
      const consumer = await scene.simple();
      await scene.broker.atomic((unit) => unit.put('draft', 'x'));
      await scene.send({ body: 'order' });
      const order = await scene.receiveOne(consumer);
      const answer = await scene.broker.atomic((unit) => {
        unit.ack(order);
        unit.send({ topic: OUTPUT, body: 'invoice' });
        unit.put('invoice/1', 'ten');
        unit.delete('draft');
        return 42;
      });
      assert.equal(answer, 42);
      assert.equal(await lagOf(scene), 0);
      assert.equal(await stored(scene, 'invoice/1'), 'ten');
      assert.equal(await stored(scene, 'draft'), undefined);
      const output = await scene.simple({ group: 'output', subscriptions: { [OUTPUT]: '*' } });
      assert.deepEqual(texts(await scene.receive(output, 1)), ['invoice']);
    },
    'work that throws leaves nothing, and its error is passed on': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const message = await scene.receiveOne(consumer);
      const trouble = new Error('no');
      const failing = scene.broker.atomic(async (unit) => {
        unit.ack(message);
        unit.send({ topic: TOPIC, body: 'never' });
        unit.put('never', 'x');
        await scene.settle();
        throw trouble;
      });
      await assert.rejects(failing, (error) => error === trouble);
      assert.equal(await lagOf(scene), 1);
      assert.equal(await stored(scene, 'never'), undefined);
      await consumer.ack(message);
    },
    'a lease that ran out refuses the whole unit': async (scene) => {
      const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
      await scene.send({ body: 'late' });
      await scene.send({ body: 'held' });
      const messages = await scene.receive(consumer, 2);
      const held = messages.find((message) => message.text() === 'held');
      assert.ok(held);
      await consumer.changeInvisibleDuration(held, 60_000);
      await scene.pass(1_000);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () =>
        scene.broker.atomic((unit) => {
          unit.ack(messages);
          unit.send({ topic: OUTPUT, body: 'never' });
          unit.put('never', 'x');
        }),
      );
      assert.equal(await stored(scene, 'never'), undefined);
      assert.equal(await lagOf(scene), 2);
    },
    'two units that settle one message: exactly one wins': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const message = await scene.receiveOne(consumer);
      const unit = (name: string) => (one: AtomicUnit) => {
        one.ack(message);
        one.put('winner', name);
        one.put(name, 'x');
      };
      const outcomes = await Promise.allSettled([scene.broker.atomic(unit('first')), scene.broker.atomic(unit('second'))]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      const winner = await stored(scene, 'winner');
      assert.ok(winner === 'first' || winner === 'second');
      assert.equal(await stored(scene, winner === 'first' ? 'second' : 'first'), undefined);
    },
    'a message that was settled before is not settled again': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const message = await scene.receiveOne(consumer);
      await consumer.ack(message);
      await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => scene.broker.atomic((unit) => unit.ack(message)));
    },
    'a copy of a view works, named twice it counts once, and a made-up handle is refused at once': async (scene) => {
      const consumer = await scene.simple();
      await scene.send();
      const message = await scene.receiveOne(consumer);
      await scene.broker.atomic(async (unit) => {
        await refuses('MQ_INVALID_RECEIPT_HANDLE', () => unit.ack(wrongly({ receiptHandle: 'made-up' })));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => unit.ack(wrongly({})));
        unit.ack([message, { ...message }]);
      });
      assert.equal(await lagOf(scene), 0);
    },
    'a push listener that settles in a unit may succeed or fail afterwards: it changes nothing': async (scene) => {
      for (const body of ['succeeds', 'fails']) await scene.send({ body });
      const seen: string[] = [];
      await scene.push({
        listener: async (message) => {
          seen.push(message.text());
          await scene.broker.atomic((unit) => {
            unit.ack(message);
            unit.put(message.text(), 'done');
          });
          if (message.text() === 'fails') throw new Error('after the unit');
        },
      });
      await scene.eventually(() => seen.length === 2, 'two messages');
      await scene.settle();
      await scene.pass(60_000);
      assert.deepEqual(seen.sort(), ['fails', 'succeeds']);
      assert.equal(await lagOf(scene), 0);
      assert.deepEqual((await scene.admin.listDeadLetters(GROUP)).items, []);
    },
    'messages of a unit keep their order, and its bodies are copied': async (scene) => {
      const body = new TextEncoder().encode('a');
      await scene.broker.atomic((unit) => {
        unit.send({ topic: TOPIC, body, messageGroup: 'g' });
        body[0] = 0x7a;
        unit.send({ topic: TOPIC, body: 'b', messageGroup: 'g' });
      });
      const consumer = await scene.simple();
      for (const expected of ['a', 'b']) {
        const message = await scene.receiveOne(consumer);
        assert.equal(message.text(), expected);
        await consumer.ack(message);
      }
    },
    'an empty unit answers what its work returned': async (scene) => {
      assert.equal(await scene.broker.atomic(() => Promise.resolve('nothing')), 'nothing');
    },
    'a bad message is refused where it is sent, and the work may go on': async (scene) => {
      await scene.broker.atomic(async (unit) => {
        await refuses('MQ_MESSAGE_BODY_EMPTY', () => unit.send({ topic: TOPIC, body: '' }));
        unit.send({ topic: TOPIC, body: 'good' });
      });
      assert.deepEqual(sortedTexts(await scene.receive(await scene.simple(), 1)), ['good']);
    },
    'a unit sends to typed topics, which it creates as they were defined': async (scene) => {
      const orders = defineTopic('typed', { schema: orderSchema, type: 'fifo' });
      await scene.broker.atomic(async (unit) => {
        unit.send({ topic: orders, json: { id: 'A' }, messageGroup: 'g' });
        await refuses('MQ_MESSAGE_SCHEMA_MISMATCH', () => unit.send({ topic: orders, json: { id: 'B', cents: -1 }, messageGroup: 'g' }));
      });
      assert.equal((await scene.admin.getTopic('typed'))?.type, 'fifo');
      const messages = await scene.receive(await scene.simple({ subscriptions: [orders] }), 1);
      assert.deepEqual(sortedTexts(messages), ['{"id":"A","cents":0}']);
    },
    'a schema that answers later cannot be used in a unit': async (scene) => {
      const slowOrders = defineTopic(TOPIC, { schema: slowOrderSchema });
      await scene.broker.atomic(async (unit) => {
        await refuses('MQ_NOT_SUPPORTED', () => unit.send({ topic: slowOrders, json: { id: 'A' } }));
      });
      await scene.receiveNothing(await scene.simple());
    },
    'a unit is of no use after its work': async (scene) => {
      const units: AtomicUnit[] = [];
      await scene.broker.atomic((unit) => void units.push(unit));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => units[0]?.put('late', 'x'));
      assert.equal(await stored(scene, 'late'), undefined);
    },
    'wrong calls have a code': async (scene) => {
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.broker.atomic(wrongly('work')));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.broker.atomic(() => 1, wrongly({ durability: 'never' })));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => scene.broker.atomic(() => 1, wrongly({ colour: 'red' })));
    },
  },
};
