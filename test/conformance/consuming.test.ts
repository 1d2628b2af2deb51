import { expect, test } from 'vitest';
import { GROUP, refuses, sortedTexts, TOPIC, texts } from '../../src/testing/contract/scene.ts';
import { openScene } from './open-scene.ts';

const DAY_MS = 86_400_000;

test('1. a new group begins exactly where it was told, on a young topic and on an old one', async () => {
  const { scene, broker, clock } = await openScene();
  for (const age of ['young', 'old']) {
    await scene.sendTexts(['a', 'b', 'c'], { topic: age });
    if (age === 'old') {
      await clock.advance(DAY_MS);
      await broker.reopen();
    }
    const subscriptions = { [age]: '*' };
    const later = [
      await scene.simple({ group: `${age}-latest`, subscriptions, startFrom: 'latest' }),
      await scene.simple({ group: `${age}-now`, subscriptions, startFrom: { atMs: clock.now() + 1 } }),
    ];
    await clock.advance(1);
    await broker.createProducer().send({ topic: age, body: 'd' });
    for (const consumer of later) expect(texts(await scene.receive(consumer, 1)), age).toEqual(['d']);
    const earliest = await scene.simple({ group: `${age}-earliest`, subscriptions, startFrom: 'earliest' });
    expect(sortedTexts(await scene.receive(earliest, 4)), age).toEqual(['a', 'b', 'c', 'd']);
  }
});

test('2. an acknowledgement with a handle that two changes have superseded is refused, and the message comes again', async () => {
  const { scene } = await openScene();
  await scene.send({ body: 'x' });
  const consumer = await scene.simple();
  const first = await scene.receiveOne(consumer);
  const second = await consumer.changeInvisibleDuration(first, 1_000);
  await consumer.changeInvisibleDuration(second, 2_000);
  for (const superseded of [first, second]) await refuses('MQ_RECEIPT_HANDLE_EXPIRED', () => consumer.ack(superseded));
  await scene.pass(2_000);
  expect((await scene.receiveOne(consumer)).deliveryAttempt).toBe(2);
});

test('3. of three messages in order, of which two are acknowledged, only the third comes again', async () => {
  const { scene } = await openScene();
  await scene.admin.createTopic(TOPIC, { queueCount: 1 });
  await scene.admin.createGroup('at-once', { ordered: false });
  await scene.sendTexts(['1', '2', '3'], { messageGroup: 'g' });
  const together = await scene.simple({ group: 'at-once', invisibleDurationMs: 1_000 });
  await together.ack((await scene.receive(together, 3)).filter((message) => message.text() !== '2'));
  const ordered = await scene.simple({ invisibleDurationMs: 1_000 });
  for (const body of ['1', '2', '3']) {
    const message = await scene.receiveOne(ordered);
    expect(message.text()).toBe(body);
    if (body !== '3') await ordered.ack(message);
  }
  await scene.pass(1_000);
  expect(texts(await scene.receive(together, 1))).toEqual(['2']);
  expect(texts(await scene.receive(ordered, 1))).toEqual(['3']);
  for (const consumer of [together, ordered]) await scene.receiveNothing(consumer);
});

test('4. a message group that is stuck does not block another one in its queue', async () => {
  const { scene } = await openScene();
  await scene.admin.createTopic(TOPIC, { queueCount: 1 });
  for (const body of ['stuck 1', 'free 1', 'stuck 2', 'free 2']) await scene.send({ body, messageGroup: body.slice(0, 4) });
  const consumer = await scene.simple();
  const [stuck, free] = await scene.receive(consumer, 2);
  expect(texts([stuck, free].filter((view) => view !== undefined))).toEqual(['stuck 1', 'free 1']);
  if (free !== undefined) await consumer.ack(free);
  expect(texts(await scene.receive(consumer, 1))).toEqual(['free 2']);
  await scene.receiveNothing(consumer);
});

test('15. a message whose attempts run out by themselves is a dead letter, although nobody consumes any more', async () => {
  const { scene } = await openScene();
  await scene.admin.createGroup(GROUP, { maxAttempts: 2 });
  await scene.send({ body: 'poison' });
  const consumer = await scene.simple({ invisibleDurationMs: 1_000 });
  await scene.receiveOne(consumer);
  await scene.pass(1_000);
  await scene.receiveOne(consumer);
  expect((await scene.admin.listDeadLetters(GROUP)).items).toEqual([]);
  await scene.pass(1_000);
  const [dead] = (await scene.admin.listDeadLetters(GROUP)).items;
  expect(dead).toMatchObject({ group: GROUP, originTopic: TOPIC, attempts: 2 });
  expect(dead?.message.text()).toBe('poison');
});

test('19. a group is pulled by offset or handed its messages, and never both', async () => {
  const { scene, broker } = await openScene();
  const subscriptions = { [TOPIC]: '*' };
  await broker.createPullConsumer({ group: 'pulled', subscriptions });
  await scene.simple({ group: 'handed' });
  await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.simple({ group: 'pulled' }));
  await refuses('MQ_GROUP_KIND_CONFLICT', () => scene.push({ group: 'pulled', listener: () => undefined }));
  await refuses('MQ_GROUP_KIND_CONFLICT', () => broker.createPullConsumer({ group: 'handed', subscriptions }));
});
