import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { type ModelUnit, VALUE_PREFIX } from './model-values.ts';
import { violation } from './violation.ts';

const decoder = new TextDecoder();

/** The application store holds what the units of the commands have put, and nothing else under their prefix. */
export async function checkValues(model: FlowModel, system: FlowSystem): Promise<void> {
  if (!model.values.hasUnits) return;
  const expected = model.values.entries();
  for await (const [key, bytes] of system.broker.store.entries({ prefix: VALUE_PREFIX })) {
    const value = decoder.decode(bytes);
    if (expected.get(key) !== value)
      throw violation('I7', `the store has ${value} as ${key}, where the units left ${expected.get(key) ?? 'nothing'}`);
    expected.delete(key);
  }
  for (const [key, value] of expected) throw violation('I7', `the store has no ${key}, where the units left ${value}`);
}

/** After a power cut: which units are left is told by their marks, and of each there is all or nothing. */
export async function takeUnitsLeft(model: FlowModel, system: FlowSystem, survivors: 'none' | 'some' | 'holes'): Promise<void> {
  const { pending } = model.values;
  const left: ModelUnit[] = [];
  for (const unit of pending) {
    const isThere = await isUnitThere(system, unit.mark);
    if (isThere && survivors !== 'holes' && left.length < pending.indexOf(unit))
      throw violation('I7', `${unit.mark} outlived a power cut, though an earlier unit did not`);
    if (isThere) left.push(unit);
    unitLeft(model, unit, isThere);
  }
  model.values.left(left);
}

export async function isUnitThere({ broker }: FlowSystem, mark: string): Promise<boolean> {
  return (await broker.store.get(mark)) !== undefined;
}

function unitLeft(model: FlowModel, { messages, sureMessages, acked }: ModelUnit, isThere: boolean): void {
  // That the unit is there does not tell whether a recall of its message was.
  if (isThere) for (const message of sureMessages) message.mayBeLost = message.mayBeRecalled;
  else for (const message of messages) model.forget(message);
  for (const delivery of acked) {
    if (isThere) Object.assign(delivery, { phase: 'acked', mayBeSettled: false });
    else delivery.mayBeSettled = false;
  }
}
