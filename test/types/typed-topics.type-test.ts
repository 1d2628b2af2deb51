// What the compiler says of typed topics: every wrong call is marked, so that `npm run check` fails when one of them compiles. Nothing here runs.
import type {
  Broker,
  InputOf,
  Message,
  MessageListener,
  MessageTo,
  MessageView,
  Messaging,
  Producer,
  PullConsumer,
  PullConsumerOptions,
  PushConsumerOptions,
  SchemaTopic,
  SimpleConsumer,
  SimpleConsumerOptions,
  StandardSchema,
  Topic,
  ViewOf,
} from '../../src/index.ts';
import { defineTopic } from '../../src/index.ts';
import type { TestBroker } from '../../src/testing/index.ts';

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
/** Compiles only for two types that are the same. */
declare function holds<_T extends true>(): void;

interface Order {
  id: string;
  cents: number;
}
interface OrderInput {
  id: string;
  cents?: number;
}
interface Invoice {
  no: number;
}

declare const orderSchema: StandardSchema<OrderInput, Order>;
declare const producer: Producer;
declare const messaging: Messaging;

const orders = defineTopic('orders', { schema: orderSchema });
const invoices = defineTopic<Invoice, 'invoices'>('invoices', { type: 'fifo' });
const loose = defineTopic<Invoice>('loose');
const blobs = defineTopic('blobs');

export function definitions(): void {
  holds<Equal<typeof orders, SchemaTopic<Order, 'orders', OrderInput>>>();
  holds<Equal<typeof invoices, Topic<Invoice, 'invoices'>>>();
  holds<Equal<typeof loose, Topic<Invoice>>>();
  holds<Equal<typeof blobs, Topic<unknown, 'blobs'>>>();
  holds<Equal<InputOf<typeof orders>, OrderInput>>();
  holds<Equal<InputOf<string>, unknown>>();
}

export function defining(): void {
  // @ts-expect-error A name is a text.
  defineTopic(5);
  // @ts-expect-error A schema follows the standard.
  defineTopic('orders', { schema: { parse: () => 1 } });
  // @ts-expect-error There is no such topic type.
  defineTopic('orders', { schema: orderSchema, type: 'queue' });
  // @ts-expect-error There is no such option.
  defineTopic('orders', { schemas: orderSchema });
  // @ts-expect-error A topic does not change.
  orders.name = 'other';
}

export function sending(anyMessage: Message, condition: boolean): void {
  void producer.send({ topic: orders, json: { id: 'A' } });
  void producer.send({ topic: orders, json: { id: 'A', cents: 5 }, tag: 'paid', keys: ['A'], delayMs: 5 }, { durability: 'sync' });
  void producer.send({ topic: invoices, json: { no: 1 }, messageGroup: 'g' });
  void producer.send({ topic: invoices, body: '{"no":1}' });
  void producer.send({ topic: blobs, body: new Uint8Array([1]) });
  void producer.send({ topic: 'by-name', json: { anything: true } });
  void producer.send({ topic: condition ? 'by-name' : 'by-another', body: 'x' });
  void producer.send(anyMessage);
  const message: Message<OrderInput> = { topic: orders, json: { id: 'A' } };
  void producer.send(message);
  const exact: MessageTo<typeof orders> = { topic: orders, json: { id: 'A' } };
  void producer.send(exact);
  producer.sendOneway({ topic: orders, json: { id: 'A' } }, (error, receipt) => void [error?.code, receipt?.messageId]);
}

export function sendingWrongly(): void {
  // @ts-expect-error A field has another type.
  void producer.send({ topic: orders, json: { id: 1 } });
  // @ts-expect-error A field is missing.
  void producer.send({ topic: orders, json: { cents: 1 } });
  // @ts-expect-error A field is unknown.
  void producer.send({ topic: orders, json: { id: 'A', cent: 1 } });
  // @ts-expect-error A topic with a schema wants json.
  void producer.send({ topic: orders });
  // @ts-expect-error A topic with a schema has no body.
  void producer.send({ topic: orders, body: '{"id":"A"}' });
  // @ts-expect-error Nor both.
  void producer.send({ topic: orders, json: { id: 'A' }, body: 'x' });
  // @ts-expect-error A type alone is checked too.
  void producer.send({ topic: invoices, json: { no: '1' } });
  // @ts-expect-error A topic is made by defineTopic.
  void producer.send({ topic: { name: 'orders' }, json: { id: 'A' } });
  // @ts-expect-error A message has no such field.
  void producer.send({ topic: orders, json: { id: 'A' }, tags: 'paid' });
  // @ts-expect-error A message has a topic.
  void producer.send({ json: { id: 'A' } });
  // @ts-expect-error One-way sends are checked too.
  producer.sendOneway({ topic: orders, json: { id: 1 } });
}

export function batches(all: Message[], ids: readonly string[]): void {
  void producer.sendBatch([
    { topic: orders, json: { id: 'A' } },
    { topic: invoices, json: { no: 1 } },
    { topic: 'by-name', body: 'x' },
  ]);
  void producer.sendBatch(all);
  void producer.sendBatch([]);
  void producer.sendBatch(ids.map((id) => ({ topic: orders, json: { id } })));
  void producer.sendBatch(ids.map((id) => ({ topic: 'by-name', json: { id } })));
  // @ts-expect-error The first is wrong.
  void producer.sendBatch([{ topic: orders, json: { id: 1 } }]);
  // @ts-expect-error The second is wrong.
  void producer.sendBatch([{ topic: orders, json: { id: 'A' } }, { topic: invoices, json: { no: 'A' } }]); // biome-ignore format: one line for the mark
  // @ts-expect-error A topic with a schema has no body.
  void producer.sendBatch([{ topic: orders, body: 'x' }]);
  // @ts-expect-error All of them are wrong.
  void producer.sendBatch(ids.map((id) => ({ topic: orders, json: { no: id } })));
}

export async function inAtomicUnits(broker: Broker): Promise<void> {
  await broker.atomic((unit) => {
    unit.send({ topic: orders, json: { id: 'A' } });
    // @ts-expect-error A unit checks too.
    unit.send({ topic: orders, json: { id: 1 } });
  });
}

/** Functions of an application that work for any topic. */
export function publish<Input>(topic: Topic<unknown, string, Input>, json: Input): void {
  void producer.send({ topic, json });
}
export function publishTo<To extends Topic>(topic: To, json: InputOf<To>): void {
  void producer.send({ topic, json });
}
export function publishing(): void {
  publish(orders, { id: 'A' });
  publishTo(orders, { id: 'A' });
  // @ts-expect-error The type of the topic holds.
  publishTo(orders, { no: 1 });
}

type OrderView = MessageView<Order, 'orders'>;
type InvoiceView = MessageView<Invoice, 'invoices'>;

export function views(): void {
  holds<Equal<ViewOf<[typeof orders]>, OrderView>>();
  holds<Equal<ViewOf<(typeof orders | typeof invoices)[]>, OrderView | InvoiceView>>();
  holds<Equal<ViewOf<{ orders: string }>, MessageView>>();
}

export async function listening(wide: MessageListener, options: PushConsumerOptions): Promise<void> {
  await messaging.createPushConsumer({
    group: 'g',
    subscriptions: [orders],
    listener: async (message, { signal }) => {
      const { cents }: Order = message.json();
      const validated: Order = message.json({ validate: true });
      const topic: 'orders' = message.topic;
      return signal.aborted || cents + validated.cents > topic.length ? 'failure' : 'success';
    },
  });
  await messaging.createPushConsumer({
    group: 'g',
    // The order of the options does not matter.
    listener: (message) => {
      switch (message.topic) {
        case 'orders':
          return void message.json().cents;
        case 'invoices':
          return void message.json().no;
        default:
          return message satisfies never;
      }
    },
    subscriptions: [orders, { topic: invoices, filter: 'paid || refunded' }],
  });
  await messaging.createPushConsumer({ group: 'g', subscriptions: [orders, invoices], listener: wide });
  await messaging.createPushConsumer(options);
  await messaging.createPushConsumer({
    group: 'g',
    subscriptions: { orders: '*' },
    listener: (message) => {
      // @ts-expect-error By name nothing is known of a message.
      message.json().cents;
    },
  });
  await messaging.createPushConsumer({
    group: 'g',
    subscriptions: [orders, invoices],
    listener: (message) => {
      // @ts-expect-error It may be an invoice.
      message.json().cents;
      if (message.topic === orders.name) message.json().cents;
      // @ts-expect-error It is an order.
      if (message.topic === 'orders') message.json().no;
    },
  });
  const orderListener = (_message: OrderView): void => undefined;
  await messaging.createPushConsumer({ group: 'g', subscriptions: [orders], listener: orderListener });
  // @ts-expect-error The listener takes other messages.
  await messaging.createPushConsumer({ group: 'g', subscriptions: [invoices], listener: orderListener });
  // @ts-expect-error Names go into an object.
  await messaging.createPushConsumer({ group: 'g', subscriptions: ['orders'], listener: wide });
  // @ts-expect-error A filter is a text or { tag }.
  await messaging.createPushConsumer({ group: 'g', subscriptions: [{ topic: orders, filter: 5 }], listener: wide });
}

export async function receiving(options: SimpleConsumerOptions): Promise<void> {
  const consumer = await messaging.createSimpleConsumer({ group: 'g', subscriptions: [orders, invoices] });
  const messages: (OrderView | InvoiceView)[] = await consumer.receive();
  await consumer.ack(messages);
  for await (const message of consumer) {
    if (message.topic !== 'orders') continue;
    const renewed: OrderView = await consumer.changeInvisibleDuration(message, 60_000);
    await consumer.forwardToDeadLetter(renewed);
  }
  const anyConsumer: SimpleConsumer = consumer;
  const untyped: SimpleConsumer = await messaging.createSimpleConsumer(options);
  await anyConsumer.ack(await untyped.receive());
  // @ts-expect-error Nothing is known of the messages of a consumer of names.
  const typed: SimpleConsumer<OrderView> = untyped;
  await typed.close();
  // @ts-expect-error validate is true or false.
  messages[0]?.json({ validate: 'yes' });
}

export async function polling(options: PullConsumerOptions): Promise<void> {
  const consumer = await messaging.createPullConsumer({ group: 'g', subscriptions: [orders, invoices] });
  const messages: (OrderView | InvoiceView)[] = await consumer.poll({ maxMessages: 5 });
  const [queue] = consumer.assignment();
  if (queue !== undefined) await consumer.seek(queue, { atMs: messages[0]?.storedAtMs ?? 0 });
  const anyConsumer: PullConsumer = consumer;
  anyConsumer.assign([{ topic: 'orders', queueId: 0 }]);
  const untyped: PullConsumer = await messaging.createPullConsumer(options);
  // @ts-expect-error Nothing is known of the messages of a consumer of names.
  const typed: PullConsumer<OrderView> = untyped;
  await typed.close();
  // @ts-expect-error There are no leases.
  await consumer.poll({ invisibleDurationMs: 5 });
  // @ts-expect-error A queue has a number.
  anyConsumer.assign(['orders']);
  // @ts-expect-error A view of a pull consumer is not acknowledged by it.
  await consumer.ack(messages);
}

/** Every place has the same types. */
export async function places(broker: Broker, testBroker: TestBroker): Promise<void> {
  for (const place of [broker, testBroker]) {
    const anyPlace: Messaging = place;
    const consumer = await place.createSimpleConsumer({ group: 'g', subscriptions: [orders] });
    const [message] = await consumer.receive();
    const order: Order | undefined = message?.json();
    await place.createProducer({ topics: [orders, 'by-name'] }).send({ topic: orders, json: order ?? { id: 'A' } });
    // @ts-expect-error A field has another type.
    await anyPlace.createProducer().send({ topic: orders, json: { id: 5 } });
    await place.createPushConsumer({ group: 'g', subscriptions: [orders], listener: (view) => void view.json().cents });
  }
}
