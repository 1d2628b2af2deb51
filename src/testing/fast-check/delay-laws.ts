import type { DelayedMessage } from '../../index.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import type { ModelMessage, ModelWait } from './model-message.ts';
import { violation } from './violation.ts';

/** Most that a run can have in a list of the administration. */
export const WHOLE_LIST = { limit: 1_000 } as const;

/**
 * Holds what waits for its time against the model. A delay message that is no longer listed is in its queue from now on; that may not be
 * before its time (I8), and what was recalled may not be there or wait again.
 */
export async function checkDelayed(model: FlowModel, system: FlowSystem): Promise<void> {
  const delayed = [...model.messages.values()].filter(({ wait }) => wait !== undefined);
  if (delayed.length === 0) return;
  const listed = await listDelayed(system);
  for (const name of listed.keys())
    if (model.messages.get(name)?.wait === undefined) throw violation('I2', `${name} waits for its time, though it was never stored so`);
  const due = delayed.filter((message) => {
    const item = listed.get(message.name);
    const isDue = item === undefined ? isNowVisible(model, system, message) : stillWaits(model, message, item);
    message.mayBeUndone = false;
    return isDue;
  });
  if (due.length > 0) model.appear(due, 'lastCheck');
}

async function listDelayed({ broker, allTopics }: FlowSystem): Promise<Map<string, DelayedMessage>> {
  const listed = new Map<string, DelayedMessage>();
  for (const topic of allTopics) {
    for (const item of (await broker.admin.listDelayed(topic, WHOLE_LIST)).items) {
      const name = item.message.text();
      if (listed.has(name)) throw violation('I12', `${name} waits for its time twice`);
      listed.set(name, item);
    }
  }
  return listed;
}

/** It is listed; never a reason to appear. */
function stillWaits(model: FlowModel, message: ModelMessage, item: DelayedMessage): false {
  const { name, state, mayBeUndone } = message;
  const wait = message.wait as ModelWait;
  if (state !== 'waiting') {
    if (!mayBeUndone) throw violation('I8', `${name} waits for its time, though it was ${state === 'gone' ? 'recalled' : 'delivered'}`);
    model.hide(message, 'waiting');
  } else if (isOverdue(model, wait)) throw violation('I3', `${name} still waits, though its time has come`);
  if (wait.kind === 'instant' && item.deliverAtMs !== wait.atMs)
    throw violation('I8', `${name} is due at ${item.deliverAtMs}, not at ${wait.atMs}`);
  message.messageId ??= item.messageId;
  wait.recallHandle ??= item.recallHandle;
  message.mayBeLost = false;
  return false;
}

/** A step of the wall clock is noticed later; an opening may find a stepped one, but no delay becomes longer by it. */
function isOverdue({ time }: FlowModel, { kind, atMs, delayMs, sentAtMs, stepsBefore }: ModelWait): boolean {
  if (kind === 'instant') return stepsBefore === time.stepCount && time.wallMs >= atMs;
  return time.monotonicMs >= Math.max(sentAtMs, time.lifeBeganMs) + delayMs;
}

/** It is not listed. Answers whether it has become visible since the last check. */
function isNowVisible(model: FlowModel, system: FlowSystem, message: ModelMessage): boolean {
  const { state, mayBeUndone, mayBeLost, name } = message;
  const earlyMs = msBeforeItsTime(model, system, message);
  if (state === 'waiting') {
    if (earlyMs <= 0) return true;
    if (!mayBeLost) throw violation('I8', `${name} does not wait any more ${earlyMs} ms before its time`);
    model.hide(message, 'gone');
  }
  // Its recall may be undone, and its time have come in the same opening.
  if (state !== 'gone' || !mayBeUndone || earlyMs > 0) return false;
  message.mayBeLost = true;
  message.mayBeRecalled = true;
  return true;
}

/** At its first call of the listener, where there was one, else now. */
function msBeforeItsTime({ time }: FlowModel, { pushed }: FlowSystem, { name, wait }: ModelMessage): number {
  const { kind, atMs, notBeforeMs } = wait as ModelWait;
  const { wallMs, monotonicMs } = pushed.firstCallOf(name) ?? time;
  return kind === 'instant' ? atMs - wallMs : notBeforeMs - monotonicMs;
}
