import * as fc from 'fast-check';
import type { Durability } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowKind } from './flow-kind.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { durability } from './message-shape.ts';
import { crashAmid, overFailure, reopenAfterCrash, turnsUntilDeath } from './mishaps.ts';
import type { ModelGroup } from './model-group.ts';
import type { ModelDelivery } from './model-message.ts';
import { outcomeOf } from './outcome.ts';
import { groupName, pick } from './receiving-commands.ts';
import { heldAt } from './receiving-steps.ts';
import {
  checkRefused,
  describeUnit,
  planUnit,
  runUnit,
  type UnitShape,
  unitCommitted,
  unitPerhapsCommitted,
  unitShapes,
} from './unit-steps.ts';
import { violation } from './violation.ts';

/** Commands in which an atomic unit meets another unit, an acknowledgement, the end of a lease, a crash or a write that fails. */
export function unitRaces(kinds: readonly FlowKind[]): fc.Arbitrary<FlowCommand>[] {
  const one = unitShapes(kinds);
  return [
    fc.tuple(groupName, pick, one, one).map(([group, index, first, second]) => unitAgainstUnit(group, index, first, second)),
    fc.tuple(groupName, pick, one, fc.boolean()).map(([group, index, shape, first]) => unitAgainstAck(group, index, shape, first)),
    fc
      .tuple(groupName, pick, one, fc.constantFrom(-1, 0, 1))
      .map(([group, index, shape, ms]) => unitAgainstExpiry(group, index, shape, ms)),
    fc
      .tuple(groupName, pick, one, durability, turnsUntilDeath)
      .map(([group, index, shape, how, turns]) => unitCutOff(group, index, shape, { how, turns })),
    fc.tuple(groupName, pick, one, fc.boolean()).map(([group, index, shape, applied]) => unitOverFailure(group, index, shape, applied)),
  ];
}

/** Two units acknowledge one message: one of them is committed, the other is refused whole. */
function unitAgainstUnit(groupName: string, index: number, first: UnitShape, second: UnitShape): FlowCommand {
  return command(`unitAgainstUnit(${groupName}, ${index}, ${describeUnit(first)}, ${describeUnit(second)})`, async (model, system) => {
    const acked = await held(model, system, groupName, index);
    if (acked.length === 0) return;
    const units = [first, second].map((shape) => planUnit(model, system, shape, acked));
    const outcomes = await Promise.all(units.map((unit) => outcomeOf(runUnit(system, unit, 'sync'))));
    const committed = units.filter((_, at) => outcomes[at] === undefined);
    if (committed.length !== 1) throw violation('I7', `${committed.length} of two units have acknowledged one message`);
    for (const [at, unit] of units.entries()) {
      if (outcomes[at] === undefined) unitCommitted(model, unit);
      else checkRefused(unit, outcomes[at]);
    }
    model.barrierPassed();
  });
}

/** A unit and a plain acknowledgement of one message: it is settled once, and the unit is whole or refused. */
function unitAgainstAck(groupName: string, index: number, shape: UnitShape, isFirst: boolean): FlowCommand {
  return command(
    `unitAgainstAck(${groupName}, ${index}, ${describeUnit(shape)}, ${isFirst ? 'unit' : 'ack'} first)`,
    async (model, system) => {
      const [acked] = await held(model, system, groupName, index);
      if (acked?.delivery.view === undefined) return;
      const { group, delivery } = acked;
      const unit = planUnit(model, system, shape, [acked]);
      const ack = (): Promise<unknown> => outcomeOf(system.consumer(groupName).ack(delivery.view ?? []));
      const running = isFirst ? outcomeOf(runUnit(system, unit, 'sync')) : undefined;
      const acking = ack();
      const outcome = await (running ?? outcomeOf(runUnit(system, unit, 'sync')));
      const answer = await acking;
      if (answer !== undefined)
        throw violation('I4', `the acknowledgement of ${delivery.message.name} beside a unit was answered by ${String(answer)}`);
      group.settle(delivery, 'acked');
      // A plain acknowledgement waits for no barrier.
      if (outcome !== undefined) return checkRefused(unit, outcome);
      unitCommitted(model, unit);
      model.barrierPassed();
    },
  );
}

/** A unit is committed while a lease runs out: the message is settled with all of it, or comes again and nothing of it is there. */
function unitAgainstExpiry(groupName: string, index: number, shape: UnitShape, ms: number): FlowCommand {
  return command(`unitAgainstExpiry(${groupName}, ${index}, ${describeUnit(shape)}, ${ms} ms)`, async (model, system) => {
    const acked = await held(model, system, groupName, index);
    const [first] = acked;
    if (first === undefined) return;
    const unit = planUnit(model, system, shape, acked);
    const passing = system.clock.advance(Math.max(0, first.delivery.leasedUntilMs - system.clock.monotonic() + ms));
    const outcome = await outcomeOf(runUnit(system, unit, 'sync'));
    if (outcome === undefined) unitCommitted(model, unit);
    else checkRefused(unit, outcome);
    await passing;
    model.timePassed();
    if (outcome === undefined) model.barrierPassed();
  });
}

/** The process dies while a unit is committed. */
function unitCutOff(groupName: string, index: number, shape: UnitShape, { how, turns }: { how: Durability; turns: number }): FlowCommand {
  return command(`unitCutOff(${groupName}, ${index}, ${describeUnit(shape)}, ${how}, after ${turns} turns)`, async (model, system) => {
    const unit = planUnit(model, system, shape, await held(model, system, groupName, index));
    const running = outcomeOf(runUnit(system, unit, how));
    await crashAmid(system, turns, [running]);
    const isTold = (await running) === undefined;
    if (isTold) unitCommitted(model, unit);
    await reopenAfterCrash(model, system);
    if (!isTold) await unitPerhapsCommitted(model, system, unit);
  });
}

/** The write fails, and the broker heals: what is on the disk decides, and the answer says so. */
function unitOverFailure(groupName: string, index: number, shape: UnitShape, applied: boolean): FlowCommand {
  return command(`unitOverFailure(${groupName}, ${index}, ${describeUnit(shape)}, applied ${applied})`, async (model, system) => {
    const unit = planUnit(model, system, shape, await held(model, system, groupName, index));
    const outcome = await overFailure(model, system, applied, () => runUnit(system, unit, 'sync'));
    if (outcome === undefined) unitCommitted(model, unit);
    model.barrierPassed();
  });
}

async function held(
  model: FlowModel,
  system: FlowSystem,
  groupName: string,
  index: number,
): Promise<{ group: ModelGroup; delivery: ModelDelivery }[]> {
  const delivery = await heldAt(model, system, groupName, index);
  return delivery === undefined ? [] : [{ group: model.group(groupName), delivery }];
}
