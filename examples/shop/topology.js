/**
 * The topics and groups of the shop, and how they hang together:
 *
 *     place ──transaction──► orders ──► [payments] ──unit──► invoices ──► [invoicing]
 *       └──30 days, here 1.5 s──► deadlines ──► [deadlines]      orders ──SQL──► [audit]
 *
 * And the keys of the application store, in which the shop keeps what it knows:
 *
 *     order/<id>                   its state, as JSON
 *     deadline/<id>                the recall handle of its deadline
 *     invoice/<id>/<message id>    an invoice: one key for each that was written
 *     audit/<id>                   an order that the audit has seen
 */

export const ORDERS = 'orders';
export const DEADLINES = 'deadlines';
export const INVOICES = 'invoices';

/** Large orders from abroad; an SQL92 filter over their properties. */
export const AUDITED = "cents >= 5000 AND country NOT IN ('DE', 'AT')";
/** The same in JavaScript, for the proof at the end. @param {{ cents: number, country: string }} order */
export const isAudited = ({ cents, country }) => cents >= 5000 && country !== 'DE' && country !== 'AT';

/** How long an order may stay unpaid. */
export const PAY_WITHIN_MS = 1500;

/**
 * Creates what is not there yet; the same call again changes nothing.
 * @param {import('pocketmq').Admin} admin
 */
export async function createTopology(admin) {
  await admin.createTopic(ORDERS, { type: 'transaction', queueCount: 4 });
  await admin.createTopic(DEADLINES, { type: 'delay', queueCount: 4 });
  await admin.createTopic(INVOICES, { type: 'normal', queueCount: 4 });
  // A delivery counts as soon as it is made, so that a process that is killed often needs many of them.
  for (const group of ['payments', 'deadlines', 'invoicing', 'audit']) await admin.createGroup(group, { maxAttempts: 100 });
}
