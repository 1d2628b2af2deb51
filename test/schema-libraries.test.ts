import { type } from 'arktype';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineTopic, type MessageView, type SchemaTopic } from '../src/index.ts';
import { ManualClock, openTestBroker, type TestBroker } from '../src/testing/index.ts';

interface Order {
  id: string;
  cents: number;
  currency: string;
}
type OrderTopic = SchemaTopic<Order, 'orders', { id: string; cents: number; currency?: string | undefined }>;

/** The same schema in the words of each library; the currency has a default. */
const topics: Readonly<Record<string, OrderTopic>> = {
  zod: defineTopic('orders', {
    schema: z.object({ id: z.email(), cents: z.int().min(0), currency: z.string().default('EUR') }),
  }),
  valibot: defineTopic('orders', {
    schema: v.object({
      id: v.pipe(v.string(), v.email()),
      cents: v.pipe(v.number(), v.integer(), v.minValue(0)),
      currency: v.optional(v.string(), 'EUR'),
    }),
  }),
  arktype: defineTopic('orders', { schema: type({ id: 'string.email', cents: 'number.integer >= 0', currency: "string = 'EUR'" }) }),
};

let broker: TestBroker;
beforeEach(async () => {
  broker = await openTestBroker({ clock: new ManualClock() });
});
afterEach(() => broker.close());

async function receiveOne<T>(topic: SchemaTopic<T, 'orders', unknown>): Promise<MessageView<T, 'orders'>> {
  const consumer = await broker.createSimpleConsumer({ group: 'readers', subscriptions: [topic] });
  const [message] = await consumer.receive({ awaitDurationMs: 0 });
  return message as MessageView<T, 'orders'>;
}

describe.each(Object.entries(topics))('a schema of %s', (_library, orders) => {
  test('makes what is stored, and accepts it again on receipt', async () => {
    await broker.createProducer().send({ topic: orders, json: { id: 'ada@example.com', cents: 995 } });
    const message = await receiveOne(orders);
    expect(message.text()).toBe('{"id":"ada@example.com","cents":995,"currency":"EUR"}');
    expect(message.json({ validate: true })).toEqual(message.json());
  });

  test('refuses what does not match, with every place and without the values', async () => {
    const sending = broker.createProducer().send({ topic: orders, json: { id: 'no-such-mail', cents: -4711 } });
    const error = await sending.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'MQ_MESSAGE_SCHEMA_MISMATCH', details: { topic: 'orders', issues: 2 } });
    const told = `${(error as Error).message}${JSON.stringify((error as Error).cause)}`;
    expect(told).toMatch(/\bid: .+/);
    expect(told).toMatch(/\bcents: .+/);
    expect(told).not.toMatch(/no-such-mail|4711/);
  });
});

test('a date that was sent as one comes back as one, where the schema accepts its text', async () => {
  const events = defineTopic('orders', { schema: z.object({ at: z.coerce.date() }) });
  await broker.createProducer().send({ topic: events, json: { at: '2026-11-21' } });
  const message = await receiveOne(events);
  expect(message.text()).toBe('{"at":"2026-11-21T00:00:00.000Z"}');
  expect(message.json({ validate: true }).at).toEqual(new Date('2026-11-21'));
});

test('an asynchronous schema of zod is awaited', async () => {
  const known = z.object({ id: z.string().refine(async (id) => Promise.resolve(id === 'A'), 'is not known') });
  const orders = defineTopic('orders', { schema: known });
  await broker.createProducer().send({ topic: orders, json: { id: 'A' } });
  await expect(broker.createProducer().send({ topic: orders, json: { id: 'B' } })).rejects.toThrow('id: is not known');
  expect((await receiveOne(orders)).json()).toEqual({ id: 'A' });
});

test('an asynchronous schema of valibot is awaited', async () => {
  const check = v.pipeAsync(
    v.string(),
    v.checkAsync(async (id) => Promise.resolve(id === 'A'), 'is not known'),
  );
  const orders = defineTopic('orders', { schema: v.objectAsync({ id: check }) });
  await broker.createProducer().send({ topic: orders, json: { id: 'A' } });
  await expect(broker.createProducer().send({ topic: orders, json: { id: 'B' } })).rejects.toThrow('id: is not known');
});
