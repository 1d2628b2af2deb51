/**
 * Lets a broker die as a killed process does: no flush, no checkpoint, nothing released. For `pocketmq/testing` only.
 */
export const ABANDON: unique symbol = Symbol.for('pocketmq.abandon');
