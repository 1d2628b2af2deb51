import * as fc from 'fast-check';
import { isBrokerError, type MessageView } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import { GROUPS } from './flow-system.ts';
import type { ModelGroup } from './model-group.ts';
import type { ModelDelivery } from './model-message.ts';
import { receiveAndCheck } from './receiving-steps.ts';
import { violation } from './violation.ts';

export const groupName: fc.Arbitrary<string> = fc.constantFrom(GROUPS.all, GROUPS.tagged);
/** One of what there is, whatever there is. */
export const pick: fc.Arbitrary<number> = fc.nat(100);

/** Commands that receive and settle. */
export function receivingCommands(): fc.Arbitrary<FlowCommand>[] {
  const invisible = fc.constantFrom(1, 500, 3_000, 30_000, 12 * 3_600_000);
  return [
    fc.tuple(groupName, fc.constantFrom(1, 2, 5, 100), invisible).map(([group, most, ms]) => receive(group, most, ms)),
    fc.tuple(groupName, fc.constantFrom(1, 3, 100)).map(([group, most]) => receiveAndAck(group, most)),
    fc.tuple(groupName, pick).map(([group, index]) => acknowledge(group, index)),
    groupName.map(acknowledgeAll),
    fc.tuple(groupName, pick).map(([group, index]) => acknowledgeStale(group, index)),
    fc.tuple(groupName, pick, fc.constantFrom(0, 1, 800, 60_000)).map(([group, index, ms]) => changeInvisible(group, index, ms)),
    fc.tuple(groupName, pick).map(([group, index]) => forward(group, index)),
    fc.tuple(groupName, fc.option(pick, { nil: undefined })).map(([group, index]) => redrive(group, index)),
    groupName.map(purge),
  ];
}

function receive(group: string, maxMessages: number, invisibleDurationMs: number): FlowCommand {
  return command(`receive(${group}, ${maxMessages}, ${invisibleDurationMs} ms)`, async (model, system) => {
    await receiveAndCheck(model, system, { group, maxMessages, invisibleDurationMs });
  });
}

function receiveAndAck(group: string, maxMessages: number): FlowCommand {
  return command(`receiveAndAck(${group}, ${maxMessages})`, async (model, system) => {
    const deliveries = await receiveAndCheck(model, system, { group, maxMessages, invisibleDurationMs: 10_000 });
    await system.consumer(group).ack(deliveries.map(({ view }) => view as MessageView));
    for (const delivery of deliveries) model.group(group).settle(delivery, 'acked');
  });
}

function acknowledge(group: string, index: number): FlowCommand {
  return command(`ack(${group}, ${index})`, async (model, system) => {
    const delivery = leasedAt(model.group(group), index);
    if (delivery?.view === undefined) return;
    const copy = { ...delivery.view };
    await system.consumer(group).ack(index % 2 === 0 ? delivery.view : copy);
    model.group(group).settle(delivery, 'acked');
  });
}

function acknowledgeAll(group: string): FlowCommand {
  return command(`ackAll(${group})`, async (model, system) => {
    const leased = model.group(group).inPhase('leased');
    await system.consumer(group).ack(leased.map(({ view }) => view as MessageView));
    for (const delivery of leased) model.group(group).settle(delivery, 'acked');
  });
}

/** A handle that is no longer valid is refused; one of a settled message may answer success. */
function acknowledgeStale(group: string, index: number): FlowCommand {
  return command(`ackStale(${group}, ${index})`, async (model, system) => {
    const view = staleAt(model.group(group), index);
    if (view === undefined) return;
    const delivery = model.group(group).deliveries.get(view.text());
    const error = await system
      .consumer(group)
      .ack(view)
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    if (error === undefined) {
      const isSettled = delivery?.phase === 'acked' || delivery?.phase === 'dead' || delivery?.mayBeExpired;
      if (!isSettled) throw violation('I4', `a stale handle of ${view.text()} settled it while it is ${delivery?.phase}`);
      return;
    }
    if (!isBrokerError(error) || error.code !== 'MQ_RECEIPT_HANDLE_EXPIRED')
      throw violation('I4', `a stale handle of ${view.text()} was answered by ${String(error)}`);
  });
}

function changeInvisible(group: string, index: number, ms: number): FlowCommand {
  return command(`changeInvisible(${group}, ${index}, ${ms} ms)`, async (model, system) => {
    const modelGroup = model.group(group);
    const delivery = leasedAt(modelGroup, index);
    if (delivery?.view === undefined) return;
    const old = delivery.view;
    const renewed = await system.consumer(group).changeInvisibleDuration(old, ms);
    if (ms === 0) return modelGroup.release(delivery);
    if (renewed.receiptHandle === old.receiptHandle) throw violation('I4', `${delivery.message.name} kept its handle`);
    modelGroup.staleViews.push(old);
    delivery.view = renewed;
    delivery.leasedUntilMs = system.clock.monotonic() + ms;
  });
}

function forward(group: string, index: number): FlowCommand {
  return command(`forwardToDeadLetter(${group}, ${index})`, async (model, system) => {
    const delivery = leasedAt(model.group(group), index);
    if (delivery?.view === undefined) return;
    await system.consumer(group).forwardToDeadLetter(delivery.view);
    model.group(group).settle(delivery, 'dead');
  });
}

function redrive(group: string, index: number | undefined): FlowCommand {
  return command(`redrive(${group}, ${index ?? 'all'})`, async (model, system) => {
    const dead = model.group(group).inPhase('dead');
    const chosen = index === undefined ? dead : dead.slice(index % Math.max(1, dead.length)).slice(0, 1);
    const messageIds = chosen.map(({ message }) => message.messageId).filter((id) => id !== undefined);
    // An outcome that nobody knows of could be among all of them.
    if (messageIds.length < chosen.length || (index !== undefined && chosen.length === 0)) return;
    const { redriven } = await system.broker.admin.redriveDeadLetters(group, index === undefined ? {} : { messageIds });
    if (redriven !== chosen.length) throw violation('I1', `${redriven} dead letters of ${group} were redriven instead of ${chosen.length}`);
    for (const delivery of chosen) {
      Object.assign(delivery, { phase: 'ready', attempt: 0, attemptKnown: true, redriven: true, suspect: false, mayBeSettled: false });
    }
  });
}

function purge(group: string): FlowCommand {
  return command(`purge(${group})`, async (model, system) => {
    const dead = model.group(group).inPhase('dead');
    const { purged } = await system.broker.admin.purgeDeadLetters(group);
    if (purged !== dead.length) throw violation('I1', `${purged} dead letters of ${group} were purged instead of ${dead.length}`);
    for (const delivery of dead) model.group(group).settle(delivery, 'acked');
  });
}

/** Of every second one, somebody else holds the message now, if there is such a one. */
export function staleAt({ staleViews, deliveries }: ModelGroup, index: number): MessageView | undefined {
  const superseded = staleViews.filter((view) => deliveries.get(view.text())?.phase === 'leased');
  const views = superseded.length > 0 && index % 2 === 0 ? superseded : staleViews;
  return views[index % Math.max(1, views.length)];
}

function leasedAt(group: ModelGroup, index: number): ModelDelivery | undefined {
  const leased = group.inPhase('leased');
  return leased[index % Math.max(1, leased.length)];
}
