import { commitUnit } from '../delivery/atomic/atomic-commit.ts';
import { UnitDraft } from '../delivery/atomic/unit-draft.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { AtomicOptions, AtomicUnit } from '../model/atomic-unit.ts';
import { illegalArgument } from '../model/errors.ts';
import type { Durability } from '../model/message.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import { isThenable } from '../model/thenable.ts';

const KNOWN: ReadonlySet<string> = new Set(['durability']);

/** Runs the work of an atomic unit, and commits what it has asked for. */
export async function runAtomic<T>(
  delivery: Delivery,
  work: (unit: AtomicUnit) => T | Promise<T>,
  options: AtomicOptions | undefined,
  defaultDurability: Durability,
): Promise<T> {
  if (typeof work !== 'function') throw illegalArgument('atomic takes a function that gets the unit');
  const { durability = defaultDurability } = options ?? {};
  if (options !== undefined)
    checkFieldNames('The options of an atomic unit', requireObject('The options of an atomic unit', options), KNOWN);
  if (durability !== 'sync' && durability !== 'async')
    throw illegalArgument(`durability must be 'sync' or 'async', not ${JSON.stringify(durability)}`);
  delivery.context.assertOpen();
  const unit = new UnitDraft(delivery.context);
  let result: T;
  try {
    const worked = work(unit);
    result = isThenable(worked) ? ((await worked) as T) : worked;
  } finally {
    unit.end();
  }
  await commitUnit(delivery, unit, durability);
  return result;
}
