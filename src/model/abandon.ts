/** Under this name a broker keeps how it dies: nobody calls it by accident, and it is in no public type. */
export const ABANDON: unique symbol = Symbol.for('pocketmq.abandon');

/** Lets a broker die as a killed process does: no flush, no checkpoint, nothing released. For `pocketmq/testing` only. */
export function abandon(broker: object): Promise<void> {
  return (broker as { [ABANDON](): Promise<void> })[ABANDON]();
}
