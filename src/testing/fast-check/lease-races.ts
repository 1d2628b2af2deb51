import * as fc from 'fast-check';
import { isBrokerError } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import { outcomeOf } from './outcome.ts';
import { groupName, pick } from './receiving-commands.ts';
import { heldAt, receiveAndCheck } from './receiving-steps.ts';
import { violation } from './violation.ts';

/** Commands in which the end of a lease meets an acknowledgement or the next receive. */
export function leaseRaces(): fc.Arbitrary<FlowCommand>[] {
  return [
    fc
      .tuple(groupName, pick, fc.constantFrom(-1, 0, 1), fc.boolean())
      .map(([group, index, ms, first]) => ackAgainstExpiry(group, index, ms, first)),
    fc.tuple(groupName, pick).map(([group, index]) => ackOverExpiry(group, index)),
  ];
}

/** Either the message is settled for ever, or the handle is refused and the message comes again. */
function ackAgainstExpiry(name: string, index: number, ms: number, isFirst: boolean): FlowCommand {
  return command(`ackAgainstExpiry(${name}, ${index}, ${ms} ms, ${isFirst ? 'ack' : 'time'} first)`, async (model, system) => {
    const group = model.group(name);
    const delivery = await heldAt(model, system, name, index);
    if (delivery?.view === undefined) return;
    const { view } = delivery;
    const ack = (): Promise<unknown> => outcomeOf(system.consumer(name).ack(view));
    const acking = isFirst ? ack() : undefined;
    const passing = system.clock.advance(Math.max(0, delivery.leasedUntilMs - system.clock.monotonic() + ms));
    const outcome = await (acking ?? ack());
    if (outcome === undefined) group.settle(delivery, 'acked');
    else if (!isBrokerError(outcome) || outcome.code !== 'MQ_RECEIPT_HANDLE_EXPIRED' || isFirst)
      throw violation('I4', `the acknowledgement of ${delivery.message.name} was answered by ${String(outcome)}`);
    await passing;
    model.timePassed();
  });
}

/** An acknowledgement is on its way to a slow disk when the lease runs out: the message is claimed, so that
 * nobody else gets it. */
function ackOverExpiry(name: string, index: number): FlowCommand {
  return command(`ackOverExpiry(${name}, ${index})`, async (model, system) => {
    const group = model.group(name);
    const delivery = await heldAt(model, system, name, index);
    if (delivery?.view === undefined) return;
    const untilMs = delivery.leasedUntilMs;
    system.faults.freezeWrites();
    const acking = outcomeOf(system.consumer(name).ack(delivery.view));
    delivery.leasedUntilMs = Number.POSITIVE_INFINITY;
    await system.clock.advance(Math.max(0, untilMs - system.clock.monotonic() + 1));
    const deadBefore = group.inPhase('dead').length;
    model.timePassed();
    // What is given up locks its message group until that is on the disk.
    const isGivingUp = group.inPhase('dead').length > deadBefore;
    const options = { group: name, maxMessages: 5, invisibleDurationMs: 1_000, mayBringNothing: isGivingUp };
    const receiving = outcomeOf(receiveAndCheck(model, system, options));
    await system.clock.settle();
    system.faults.thaw();
    const received = await receiving;
    if (received instanceof Error) throw received;
    const outcome = await acking;
    if (outcome !== undefined) throw violation('I4', `the acknowledgement of ${delivery.message.name} was answered by ${String(outcome)}`);
    group.settle(delivery, 'acked');
    await system.clock.settle();
    model.timePassed();
  });
}
