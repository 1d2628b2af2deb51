import * as fc from 'fast-check';
import { type AtomicUnit, type Durability, isBrokerError, type MessageView } from '../../index.ts';
import type { FlowKind } from './flow-kind.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { describe, type Planned, plan, type Shape, shapes } from './message-shape.ts';
import type { ModelGroup } from './model-group.ts';
import { isStored, type ModelDelivery } from './model-message.ts';
import { VALUE_PREFIX } from './model-values.ts';
import { sentUntold } from './sending-steps.ts';
import { isUnitThere } from './unit-laws.ts';
import { violation } from './violation.ts';

/** What an atomic unit of the commands is made of. */
export interface UnitShape {
  readonly messages: readonly Shape[];
  readonly puts: readonly string[];
  readonly deletes: readonly string[];
}

/** A unit that is about to be committed. */
export interface PlannedUnit {
  readonly mark: string;
  readonly plans: readonly Planned[];
  readonly changes: ReadonlyMap<string, string | undefined>;
  readonly acks: readonly { readonly group: ModelGroup; readonly delivery: ModelDelivery; readonly view: MessageView }[];
}

/** Few keys, so that units overwrite each other. */
const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd').map((name) => `${VALUE_PREFIX}${name}`);

export function unitShapes(kinds: readonly FlowKind[]): fc.Arbitrary<UnitShape> {
  return fc.record({
    messages: fc.array(shapes(kinds), { maxLength: 2 }),
    puts: fc.array(key, { maxLength: 2 }),
    deletes: fc.array(key, { maxLength: 1 }),
  });
}

export function describeUnit({ messages, puts, deletes }: UnitShape): string {
  return `[${messages.map(describe).join('; ')}] put [${puts.join()}] delete [${deletes.join()}]`;
}

/** `acked` are deliveries that are leased now. */
export function planUnit(
  model: FlowModel,
  system: FlowSystem,
  one: UnitShape,
  acked: readonly { readonly group: ModelGroup; readonly delivery: ModelDelivery }[],
): PlannedUnit {
  const mark = model.values.nextMark();
  const changes = new Map<string, string | undefined>();
  for (const put of one.puts) changes.set(put, mark);
  for (const gone of one.deletes) changes.set(gone, undefined);
  const acks = acked.flatMap(({ group, delivery }) => (delivery.view === undefined ? [] : [{ group, delivery, view: delivery.view }]));
  return { mark, plans: one.messages.map((shape) => plan(model, system, shape)), changes, acks };
}

export function runUnit({ broker }: FlowSystem, { mark, plans, changes, acks }: PlannedUnit, durability: Durability): Promise<void> {
  const work = (unit: AtomicUnit): void => {
    for (const { view } of acks) unit.ack(view);
    for (const [, message] of plans) unit.send(message);
    unit.put(mark, '');
    for (const [name, value] of changes) {
      if (value === undefined) unit.delete(name);
      else unit.put(name, value);
    }
  };
  return broker.atomic(work, { durability });
}

/** All of the unit is there. */
export function unitCommitted(model: FlowModel, { mark, plans, changes, acks }: PlannedUnit): void {
  for (const { group, delivery } of acks) group.settle(delivery, 'acked');
  const messages = plans.flatMap((planned) => sentUntold(model, planned) ?? []);
  model.values.committed({ mark, changes, messages, sureMessages: messages.filter(isStored), acked: acks.map(({ delivery }) => delivery) });
}

/** Nobody was told how a unit ended: its mark tells, and what is there must be there whole. */
export async function unitPerhapsCommitted(model: FlowModel, system: FlowSystem, unit: PlannedUnit): Promise<void> {
  if (await isUnitThere(system, unit.mark)) unitCommitted(model, unit);
}

/** Nothing of a unit may be there that acknowledges what it does not hold. */
export function checkRefused(unit: PlannedUnit, outcome: unknown): void {
  if (isBrokerError(outcome) && outcome.code === 'MQ_RECEIPT_HANDLE_EXPIRED') return;
  throw violation('I7', `${unit.mark}, whose leases have ended, was answered by ${String(outcome)}`);
}
