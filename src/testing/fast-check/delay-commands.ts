import * as fc from 'fast-check';
import { isBrokerError } from '../../index.ts';
import { command, type FlowCommand } from './command.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { crashAmid, overFailure, reopenAfterCrash, turnsUntilDeath } from './mishaps.ts';
import type { ModelMessage, ModelWait } from './model-message.ts';
import { outcomeOf } from './outcome.ts';
import { pick } from './receiving-commands.ts';
import { violation } from './violation.ts';

/** Commands that take delay messages back. */
export function delayCommands(): fc.Arbitrary<FlowCommand>[] {
  return [
    pick.map(recall),
    pick.map(recallTooLate),
    fc.tuple(pick, fc.constantFrom(-1, 0, 1), fc.boolean()).map(([index, ms, first]) => recallAgainstDue(index, ms, first)),
    fc.tuple(pick, turnsUntilDeath).map(([index, turns]) => recallCutOff(index, turns)),
    fc.tuple(pick, fc.boolean()).map(([index, applied]) => recallOverFailure(index, applied)),
  ];
}

function recall(index: number): FlowCommand {
  return command(`recall(${index})`, async (model, system) => {
    const message = waitingAt(model, index);
    if (message === undefined) return;
    const { messageId } = await call(system, message);
    if (messageId !== message.messageId) throw violation('I8', `the recall of ${message.name} took ${messageId} back`);
    model.hide(message, 'gone');
  });
}

/** What was delivered, recalled or lost is not taken back, and whoever asks is told so. */
function recallTooLate(index: number): FlowCommand {
  return command(`recallTooLate(${index})`, async (model, system) => {
    const message = at(model, index, ({ state }) => state === 'visible' || state === 'gone');
    if (message === undefined) return;
    const outcome = await outcomeOf(call(system, message));
    if (isTooLate(outcome)) return;
    throw violation('I8', `the recall of ${message.name}, which is ${message.state}, was answered by ${String(outcome)}`);
  });
}

/** A recall and the time of a message meet: one of them has it, and the answer tells which. */
function recallAgainstDue(index: number, ms: number, isFirst: boolean): FlowCommand {
  return command(`recallAgainstDue(${index}, ${ms} ms, ${isFirst ? 'recall' : 'time'} first)`, async (model, system) => {
    const message = waitingAt(model, index);
    if (message === undefined) return;
    const { kind, atMs, notBeforeMs } = message.wait as ModelWait;
    const leftMs = Math.max(0, ms + (kind === 'instant' ? atMs - system.clock.now() : notBeforeMs - system.clock.monotonic()));
    const recalling = isFirst ? outcomeOf(call(system, message)) : undefined;
    const passing = system.clock.advance(leftMs);
    const outcome = await (recalling ?? outcomeOf(call(system, message)));
    await passing;
    model.timePassed();
    if (isTooLate(outcome)) return;
    if (outcome instanceof Error) throw violation('I8', `the recall of ${message.name} was answered by ${String(outcome)}`);
    model.hide(message, 'gone');
  });
}

/** The process dies while a recall is under way: what still waits afterwards was not recalled. */
function recallCutOff(index: number, turns: number): FlowCommand {
  return command(`recallCutOff(${index}, after ${turns} turns)`, async (model, system) => {
    const message = waitingAt(model, index);
    if (message === undefined) return;
    const recalling = outcomeOf(call(system, message));
    await crashAmid(system, turns, [recalling]);
    const outcome = await recalling;
    // As after a power cut: it is back, or it is not.
    model.hide(message, 'gone');
    message.mayBeUndone = isBrokerError(outcome);
    await reopenAfterCrash(model, system);
  });
}

/** The broker heals, and what is on the disk decides. */
function recallOverFailure(index: number, applied: boolean): FlowCommand {
  return command(`recallOverFailure(${index}, applied ${applied})`, async (model, system) => {
    const message = waitingAt(model, index);
    if (message === undefined) return;
    const outcome = await overFailure(model, system, applied, () => call(system, message));
    model.barrierPassed();
    if (!isBrokerError(outcome)) model.hide(message, 'gone');
    else if (outcome.code !== 'MQ_STORE_WRITE_FAILED' && !isTooLate(outcome))
      throw violation('I8', `a failed recall became ${outcome.code}`);
  });
}

function call({ producer }: FlowSystem, { topic, wait }: ModelMessage): Promise<{ messageId: string }> {
  return producer.recall(topic, wait?.recallHandle as string);
}

function isTooLate(outcome: unknown): boolean {
  return isBrokerError(outcome) && outcome.code === 'MQ_RECALL_TOO_LATE';
}

function waitingAt(model: FlowModel, index: number): ModelMessage | undefined {
  return at(model, index, ({ state }) => state === 'waiting');
}

function at({ messages }: FlowModel, index: number, isWanted: (message: ModelMessage) => boolean): ModelMessage | undefined {
  const wanted = [...messages.values()].filter((message) => message.wait?.recallHandle !== undefined && isWanted(message));
  return wanted[index % Math.max(1, wanted.length)];
}
