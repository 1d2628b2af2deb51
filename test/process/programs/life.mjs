// node life.mjs '{ "location", "story" }': does what the story says and returns, without a word to the process. Says when it has returned.

import { Broker } from 'pocketmq';

const { location, story } = JSON.parse(process.argv[2]);
const broker = await Broker.open({ location, logger: false });
const subscriptions = { orders: '*' };

const stories = {
  async idle() {},
  async closed() {
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    await broker.close();
  },
  async producer() {
    await broker.createProducer({ topics: ['orders'] }).send({ topic: 'orders', body: 'one' });
  },
  async async() {
    await broker.createProducer().send({ topic: 'orders', body: 'one' }, { durability: 'async' });
  },
  async push() {
    await broker.createPushConsumer({ group: 'g', subscriptions, listener: () => undefined });
  },
  async paused() {
    (await broker.createPushConsumer({ group: 'g', subscriptions, listener: () => undefined })).pause();
  },
  async closedConsumer() {
    const consumer = await broker.createPushConsumer({ group: 'g', subscriptions, listener: () => undefined });
    await consumer.close();
  },
  async receive() {
    const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions });
    void consumer.receive({ awaitDurationMs: 60_000 });
  },
  async receiveOver() {
    const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions });
    await consumer.receive({ awaitDurationMs: 50 });
  },
  async poll() {
    const consumer = await broker.createPullConsumer({ group: 'g', subscriptions });
    void consumer.poll({ awaitDurationMs: 60_000 });
  },
  async pullOver() {
    const consumer = await broker.createPullConsumer({ group: 'g', subscriptions });
    await consumer.poll({ awaitDurationMs: 50 });
    await consumer.commit();
  },
  async lease() {
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    const consumer = await broker.createSimpleConsumer({ group: 'g', subscriptions });
    await consumer.receive({ invisibleDurationMs: 3_600_000 });
  },
  async retry() {
    await broker.admin.createGroup('g', { retryPolicy: { kind: 'customized', delaysMs: [3_600_000] } });
    await broker.createProducer().send({ topic: 'orders', body: 'one' });
    await new Promise((resolve) => {
      broker.events.once('failed', resolve);
      void broker.createPushConsumer({ group: 'g', subscriptions, listener: () => 'failure' }).then((consumer) => {
        broker.events.once('failed', () => consumer.pause());
      });
    });
  },
};
await stories[story]();
console.log('returned');
