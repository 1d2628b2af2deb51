// Tests of the flow with nothing to start and nothing to wait for: the broker lives in memory, and eleven minutes pass in no time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { expectDeadLettered, expectDelivered, openTestBroker } from 'pocketmq/testing';
import { BILLING, INVOICES, ORDERS, placeOrder, startBilling } from './order-flow.js';

/** @type {Awaited<ReturnType<typeof openTestBroker>>} */
let broker;
/** @type {string[]} */
let charged;
/** Orders whose payment fails. @type {Set<string>} */
let refused;

/** @param {import('./order-flow.js').Order} order */
async function charge({ id }) {
  if (refused.has(id)) throw new Error(`card of ${id} was refused`);
  charged.push(id);
}

/**
 * @param {string} id
 * @param {string} [customer]
 */
function order(id, customer = 'ada') {
  return placeOrder(broker.createProducer(), { id, customer, cents: 995 });
}

beforeEach(async () => {
  broker = await openTestBroker();
  charged = [];
  refused = new Set();
  await startBilling(broker, charge);
});

afterEach(() => broker.close());

test('an order is charged once and gets its invoice', async () => {
  await order('A-1');
  await broker.drain();
  assert.deepEqual(charged, ['A-1']);
  assert.equal(broker.eventsOf(INVOICES).filter(({ kind }) => kind === 'sent').length, 1);
});

test('a payment that fails is tried again after a minute, and later orders of the customer wait for it', async () => {
  refused.add('A-1');
  const { messageId } = await order('A-1');
  await order('A-2');
  await order('B-1', 'bob');
  await expectDelivered(broker, { group: BILLING, topic: ORDERS, messageId, attempt: 1 });
  refused.clear();
  await expectDelivered(broker, { group: BILLING, topic: ORDERS, messageId, attempt: 2, withinMs: 60_000 });
  await broker.drain();
  assert.deepEqual(charged, ['B-1', 'A-1', 'A-2']);
});

test('after three attempts an order is a dead letter, and it can be redriven', async () => {
  refused.add('A-1');
  const { messageId } = await order('A-1');
  await expectDeadLettered(broker, { group: BILLING, messageId, reason: /refused/, withinMs: 11 * 60_000 });
  assert.deepEqual(charged, []);

  refused.clear();
  await broker.admin.redriveDeadLetters(BILLING, { messageIds: [messageId] });
  await broker.drain();
  assert.deepEqual(charged, ['A-1']);
});

test('no order is lost when the process is killed and its machine loses power', async () => {
  await order('A-1');
  await broker.crash();
  await broker.reopen();
  await startBilling(broker, charge);
  await order('A-2');
  await broker.powerCut();
  await broker.reopen();
  await startBilling(broker, charge);
  await broker.drain();
  assert.deepEqual(new Set(charged), new Set(['A-1', 'A-2']));
});
