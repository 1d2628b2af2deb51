import * as fc from 'fast-check';
import type { Durability } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowKind } from './flow-kind.ts';
import type { FlowModel } from './flow-model.ts';
import { GROUPS } from './flow-system.ts';
import { durability } from './message-shape.ts';
import type { ModelGroup } from './model-group.ts';
import type { ModelDelivery } from './model-message.ts';
import { outcomeOf } from './outcome.ts';
import { pick, staleAt } from './receiving-commands.ts';
import { heldAt } from './receiving-steps.ts';
import { checkRefused, describeUnit, planUnit, runUnit, type UnitShape, unitCommitted, unitShapes } from './unit-steps.ts';
import { violation } from './violation.ts';

const RENEWED_MS = 30_000;

/** Commands that acknowledge, send and write values in one atomic unit. */
export function unitCommands(kinds: readonly FlowKind[]): fc.Arbitrary<FlowCommand>[] {
  const one = unitShapes(kinds);
  return [
    fc.tuple(one, fc.array(pick, { maxLength: 3 }), durability).map(([shape, indices, how]) => unit(shape, indices, how)),
    fc.tuple(one, pick, pick).map(([shape, index, stale]) => staleUnit(shape, index, stale)),
    fc.tuple(one, pick).map(([shape, index]) => renewedUnit(shape, index)),
    one.map(givenUpUnit),
  ];
}

function unit(shape: UnitShape, indices: readonly number[], how: Durability): FlowCommand {
  return command(`unit(ack [${indices.join()}] ${describeUnit(shape)}, ${how})`, async (model, system) => {
    const planned = planUnit(model, system, shape, leasedAtAll(model, indices));
    await runUnit(system, planned, how);
    unitCommitted(model, planned);
    if (how === 'sync') model.barrierPassed();
  });
}

/** One lease of several has ended: the whole unit is refused. */
function staleUnit(shape: UnitShape, index: number, staleIndex: number): FlowCommand {
  return command(`staleUnit(ack [${index}], stale ${staleIndex} ${describeUnit(shape)})`, async (model, system) => {
    const group = model.group(GROUPS.all);
    const stale = staleAt(group, staleIndex);
    if (stale === undefined) return;
    const planned = planUnit(model, system, shape, leasedAtAll(model, [index]));
    const delivery = group.deliveries.get(stale.text());
    if (delivery === undefined) return;
    const acks = [...planned.acks, { group, delivery, view: stale }];
    checkRefused(planned, await outcomeOf(runUnit(system, { ...planned, acks }, 'sync')));
  });
}

/** The work throws: nothing happens. */
function givenUpUnit(shape: UnitShape): FlowCommand {
  return command(`givenUpUnit(${describeUnit(shape)})`, async (model, system) => {
    const reason = new Error('the work threw');
    const { mark, plans } = planUnit(model, system, shape, []);
    const outcome = await outcomeOf(
      system.broker.atomic((work) => {
        for (const [, message] of plans) work.send(message);
        work.put(mark, '');
        throw reason;
      }),
    );
    if (outcome !== reason) throw violation('I7', `a unit whose work threw was answered by ${String(outcome)}`);
  });
}

/** A lease that was renewed is another one: the handle of before acknowledges nothing, although the message is held. */
function renewedUnit(shape: UnitShape, index: number): FlowCommand {
  return command(`renewedUnit(${index}, ${describeUnit(shape)})`, async (model, system) => {
    const group = model.group(GROUPS.all);
    const delivery = await heldAt(model, system, GROUPS.all, index);
    if (delivery?.view === undefined) return;
    const before = delivery.view;
    delivery.view = await system.consumer(GROUPS.all).changeInvisibleDuration(before, RENEWED_MS);
    delivery.leasedUntilMs = system.clock.monotonic() + RENEWED_MS;
    group.staleViews.push(before);
    const planned = planUnit(model, system, shape, []);
    checkRefused(planned, await outcomeOf(runUnit(system, { ...planned, acks: [{ group, delivery, view: before }] }, 'sync')));
  });
}

/** Of both groups, each delivery once. */
function leasedAtAll(model: FlowModel, indices: readonly number[]): { group: ModelGroup; delivery: ModelDelivery }[] {
  const leased = [...model.groups.values()].flatMap((group) => group.inPhase('leased').map((delivery) => ({ group, delivery })));
  const places = new Set(indices.map((index) => index % Math.max(1, leased.length)));
  return [...places].flatMap((place) => leased[place] ?? []);
}
