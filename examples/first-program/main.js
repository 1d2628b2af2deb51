import { Broker } from 'pocketmq';

const broker = await Broker.open({ location: './data' });
await broker.createPushConsumer({
  group: 'hello',
  subscriptions: { greetings: '*' },
  listener: (message) => console.log(message.text(), 'attempt', message.deliveryAttempt), // resolve = success; throw or return 'failure' = retry
});
await broker.createProducer().send({ topic: 'greetings', body: 'hello' });
setTimeout(() => broker.close(), 1000);
