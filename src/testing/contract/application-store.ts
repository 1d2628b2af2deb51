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
    'wrong keys, values and ranges have a code': async (scene) => {
      const { broker } = scene;
      for (const key of ['', '\ud800', 'x'.repeat(1025), 5, null]) {
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.get(wrongly(key)));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.atomic((unit) => unit.put(wrongly(key), 'x')));
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.atomic((unit) => unit.delete(wrongly(key))));
      }
      for (const value of [5, null, undefined, [1], '\ud800'])
        await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.atomic((unit) => unit.put('k', wrongly(value))));
      await refuses('MQ_PAYLOAD_TOO_LARGE', () => broker.atomic((unit) => unit.put('k', new Uint8Array(4 * 1024 * 1024 + 1))));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.entries(wrongly({ from: 'a' })));
      await refuses('MQ_ILLEGAL_ARGUMENT', () => broker.store.entries(wrongly({ limit: -1 })));
    },
  },
};
