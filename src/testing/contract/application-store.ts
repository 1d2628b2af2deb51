import assert from 'node:assert/strict';
import type { StoreRange } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, type Scene, wrongly } from './scene.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function putAll(scene: Scene, keys: readonly string[]): Promise<void> {
  await scene.broker.atomic((unit) => {
    for (const key of keys) unit.put(key, key);
  });
}

async function keysIn(scene: Scene, range?: StoreRange): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key, value] of scene.broker.store.entries(range)) {
    assert.deepEqual(value, bytes(key));
    keys.push(key);
  }
  return keys;
}

export const applicationStore: ContractTheme = {
  name: 'the application store',
  tests: {
    'a value is what was put last, with bytes of its own': async (scene) => {
      const value = Uint8Array.of(1, 2);
      await scene.broker.atomic((unit) => {
        unit.put('k', 'first');
        unit.put('k', value);
        value[0] = 9;
      });
      const read = await scene.broker.store.get('k');
      assert.deepEqual(read, Uint8Array.of(1, 2));
      (read as Uint8Array)[0] = 7;
      assert.deepEqual(await scene.broker.store.get('k'), Uint8Array.of(1, 2));
    },
    'a value may be empty, and absence is undefined': async (scene) => {
      await scene.broker.atomic((unit) => unit.put('empty', ''));
      assert.deepEqual(await scene.broker.store.getMany(['empty', 'missing']), [new Uint8Array(0), undefined]);
      await scene.broker.atomic((unit) => unit.delete('empty'));
      assert.equal(await scene.broker.store.get('empty'), undefined);
    },
    'the last of a put and a delete in one unit counts': async (scene) => {
      await scene.broker.atomic((unit) => {
        unit.put('a', 'x');
        unit.delete('a');
        unit.delete('b');
        unit.put('b', 'b');
      });
      assert.deepEqual(await keysIn(scene), ['b']);
    },
    'entries come in the order of their bytes, in any range and direction': async (scene) => {
      await putAll(scene, ['order/1', 'order/10', 'order/2', 'orders', 'a', 'ä', 'z']);
      assert.deepEqual(await keysIn(scene), ['a', 'order/1', 'order/10', 'order/2', 'orders', 'z', 'ä']);
      assert.deepEqual(await keysIn(scene, { prefix: 'order/' }), ['order/1', 'order/10', 'order/2']);
      assert.deepEqual(await keysIn(scene, { prefix: 'order/', gt: 'order/1', reverse: true }), ['order/2', 'order/10']);
      assert.deepEqual(await keysIn(scene, { gte: 'order/10', lt: 'orders' }), ['order/10', 'order/2']);
      assert.deepEqual(await keysIn(scene, { lte: 'order/1', reverse: true, limit: 1 }), ['order/1']);
      assert.deepEqual(await keysIn(scene, { gte: 'z', lt: 'a' }), []);
      assert.deepEqual(await keysIn(scene, { limit: 0 }), []);
    },
    'more entries than one slice are listed whole': async (scene) => {
      const keys = Array.from({ length: 700 }, (_, i) => `k${String(i).padStart(4, '0')}`);
      await putAll(scene, keys);
      assert.deepEqual(await keysIn(scene), keys);
      assert.deepEqual(await keysIn(scene, { reverse: true }), [...keys].reverse());
    },
    'a list goes on through writes: what nobody touches comes once, in order': async (scene) => {
      const keys = Array.from({ length: 600 }, (_, i) => `k${String(i).padStart(4, '0')}`);
      await putAll(scene, keys);
      for (const reverse of [false, true]) {
        const seen: string[] = [];
        for await (const [key] of scene.broker.store.entries({ prefix: 'k', reverse })) {
          seen.push(key);
          if (seen.length % 200 !== 100) continue;
          await scene.broker.atomic((unit) => {
            for (const touched of ['k0003x', 'k0300x', 'k0599x']) unit.put(touched, 'x');
            unit.put(key, 'written again');
          });
          await scene.pass(6_000);
        }
        const expected = reverse ? [...keys].reverse() : keys;
        assert.deepEqual(
          seen.filter((key) => key.length === 5),
          expected,
        );
        await putAll(scene, keys);
        await scene.broker.atomic((unit) => {
          for (const touched of ['k0003x', 'k0300x', 'k0599x']) unit.delete(touched);
        });
      }
    },
    'a list that is left early leaves nothing behind, and each list is its own': async (scene) => {
      await putAll(scene, ['a', 'b', 'c']);
      const list = scene.broker.store.entries();
      for await (const [key] of list) if (key === 'b') break;
      assert.deepEqual(await keysIn(scene), ['a', 'b', 'c']);
    },
    'an empty bound is below every key': async (scene) => {
      await putAll(scene, ['a', 'b']);
      for (const range of [{ prefix: '' }, { gte: '' }, { gt: '' }]) assert.deepEqual(await keysIn(scene, range), ['a', 'b']);
      for (const range of [{ lt: '' }, { lte: '' }, { gt: 'a', lt: 'a' }, { prefix: 'a', gt: 'b' }])
        assert.deepEqual(await keysIn(scene, range), []);
      assert.deepEqual(await keysIn(scene, { gte: 'b', lte: 'b' }), ['b']);
    },
    'a bound may be longer than any key': async (scene) => {
      const longest = 'x'.repeat(1024);
      await putAll(scene, ['a', longest, 'y']);
      const beyond = 'x'.repeat(500_000);
      for (const range of [{ gte: beyond }, { gt: beyond }]) assert.deepEqual(await keysIn(scene, range), ['y']);
      for (const range of [{ lt: beyond }, { lte: beyond }]) assert.deepEqual(await keysIn(scene, range), ['a', longest]);
      assert.deepEqual(await keysIn(scene, { prefix: beyond }), []);
      assert.deepEqual(await keysIn(scene, { gt: longest, reverse: true }), ['y']);
    },
    'keys are text, whatever they say': async (scene) => {
      const keys = ['__proto__', '\0', '\uffff', '\u{10ffff}', 'constructor', 'x'.repeat(1024), 'ä'.repeat(512)];
      await putAll(scene, keys);
      assert.deepEqual((await keysIn(scene)).sort(), [...keys].sort());
      for (const key of keys) assert.deepEqual(await scene.broker.store.get(key), bytes(key));
    },
    'a closed broker reads nothing, and a list that was begun before ends with its code': async (scene) => {
      await putAll(scene, ['a', 'b', 'c']);
      const { store } = scene.broker;
      const list = store.entries()[Symbol.asyncIterator]();
      assert.equal((await list.next()).value?.[0], 'a');
      await scene.messaging.close();
      await refuses('MQ_BROKER_NOT_OPEN', () => list.next());
      await refuses('MQ_BROKER_NOT_OPEN', () => store.get('a'));
      await refuses('MQ_BROKER_NOT_OPEN', () => store.getMany(['a']));
      await refuses('MQ_BROKER_NOT_OPEN', () => store.getMany([]));
      await refuses('MQ_BROKER_NOT_OPEN', () => store.entries());
    },
    'wrong keys, values and ranges have a code': async (scene) => {
      const { broker } = scene;
      for (const key of ['', '\ud800', 'x'.repeat(1025), 'ä'.repeat(513), 5, null, undefined, {}, ['k'], bytes('k'), Symbol('k')]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.getMany(['k', wrongly(key)]));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.get(wrongly(key)));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.atomic((unit) => unit.put(wrongly(key), 'x')));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.atomic((unit) => unit.delete(wrongly(key))));
      }
      for (const value of [5, null, undefined, [1], {}, new ArrayBuffer(1), new Uint16Array(1), '\ud800'])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.atomic((unit) => unit.put('k', wrongly(value))));
      await refuses('MQ_PAYLOAD_TOO_LARGE', () => broker.atomic((unit) => unit.put('k', new Uint8Array(4 * 1024 * 1024 + 1))));
      for (const keys of ['k', null, undefined, new Set(['k']), new Array(1)])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.getMany(wrongly(keys)));
      for (const name of ['prefix', 'gte', 'gt', 'lt', 'lte'])
        for (const bound of [5, null, '\ud800', bytes('a')])
          await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.entries(wrongly({ [name]: bound })));
      for (const limit of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.entries(wrongly({ limit })));
      for (const range of [{ from: 'a' }, { reverse: 'yes' }, { reverse: null }, null, 'a', 5, ['a']])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.entries(wrongly(range)));
    },
  },
};
