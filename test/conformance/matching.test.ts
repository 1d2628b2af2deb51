import { expect, test } from 'vitest';
import { tagHash } from '../../src/model/tag-filter.ts';
import { refuses, TOPIC, texts } from '../../src/testing/contract/scene.ts';
import { openScene } from './open-scene.ts';

test('13. SQL filters: what is missing does not match, and numbers are numbers', async () => {
  const { scene } = await openScene();
  await scene.sendTexts(['missing']);
  await scene.sendTexts(['fraction'], { properties: { a: '3.5' } });
  await scene.sendTexts(['zero'], { properties: { a: '0' } });
  const matches = async (sql: string): Promise<string[]> => {
    const consumer = await scene.simple({ group: `g${sql.length}`, subscriptions: { [TOPIC]: { sql } } });
    await scene.settle();
    return texts(await consumer.receive({ awaitDurationMs: 0 })).sort();
  };
  expect(await matches("a <> 'x'")).toEqual(['fraction', 'zero']);
  expect(await matches('a > 3')).toEqual(['fraction']);
  expect(await matches('a = 0.0')).toEqual(['zero']);
});

test('14. a tag that has the hash of another is not delivered for it', async () => {
  expect(tagHash('Aa')).toBe(tagHash('BB'));
  const { scene } = await openScene();
  await scene.sendTexts(['wanted'], { tag: 'Aa' });
  await scene.sendTexts(['collides'], { tag: 'BB' });
  const consumer = await scene.simple({ subscriptions: { [TOPIC]: 'Aa' } });
  expect(texts(await scene.receive(consumer, 1))).toEqual(['wanted']);
  await scene.receiveNothing(consumer);
});

test('16. a key with a space is one key', async () => {
  const { scene } = await openScene();
  await scene.send({ keys: ['order 17', 'customer'] });
  expect((await scene.receiveOne(await scene.simple())).keys).toEqual(['order 17', 'customer']);
});

test('17. a property whose name has dots is stored, and can be asked for in double quotes', async () => {
  const { scene } = await openScene();
  await scene.sendTexts(['cheap'], { properties: { 'order.total': '5' } });
  await scene.sendTexts(['dear'], { properties: { 'order.total': '5000' } });
  const consumer = await scene.simple({ subscriptions: { [TOPIC]: { sql: '"order.total" > 100' } } });
  const message = await scene.receiveOne(consumer);
  expect([message.text(), message.properties]).toEqual(['dear', { 'order.total': '5000' }]);
  await scene.receiveNothing(consumer);
});

test('18. a message group has up to 63 bytes of UTF-8, and not 64', async () => {
  const { scene } = await openScene();
  for (const longest of ['g'.repeat(63), `g${'ü'.repeat(31)}`]) await scene.send({ messageGroup: longest });
  for (const longer of ['g'.repeat(64), 'ü'.repeat(32)])
    await refuses('MQ_ILLEGAL_MESSAGE_GROUP', () => scene.send({ messageGroup: longer }));
});
