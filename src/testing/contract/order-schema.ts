import type { StandardSchema, StandardSchemaIssue, StandardSchemaResult } from '../../index.ts';

/** What a send takes. */
export interface OrderInput {
  readonly id: string;
  readonly cents?: number;
}

/** What is stored. */
export interface Order {
  readonly id: string;
  readonly cents: number;
}

/** A schema written by hand, so that the contract needs no library: `id` is a text, `cents` a number of at least 0, which is the default. */
export const orderSchema: StandardSchema<OrderInput, Order> = schemaOf(checkOrder);

/** As `orderSchema`, but it answers later. */
export const slowOrderSchema: StandardSchema<OrderInput, Order> = schemaOf(async (value) => {
  await Promise.resolve();
  return checkOrder(value);
});

/** A Standard Schema made of its check alone. */
export function schemaOf<Input, Output>(
  validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>,
): StandardSchema<Input, Output> {
  return { '~standard': { version: 1, vendor: 'contract', validate } };
}

export function checkOrder(value: unknown): StandardSchemaResult<Order> {
  const { id, cents = 0 } = value as Readonly<Record<string, unknown>>;
  const issues: StandardSchemaIssue[] = [];
  if (typeof id !== 'string') issues.push({ message: 'must be a text', path: ['id'] });
  if (typeof cents !== 'number' || !(cents >= 0))
    issues.push({ message: `must be at least 0, but is ${String(cents)}`, path: [{ key: 'cents' }] });
  return issues.length > 0 ? { issues } : { value: { id: id as string, cents: cents as number } };
}
