import type { MessageView } from '../../index.ts';
import type { FlowModel } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import type { ModelGroup } from './model-group.ts';
import { isExpired, type ModelDelivery } from './model-message.ts';
import { backlogOf, checkPriorities } from './priority-laws.ts';
import { violation } from './violation.ts';
import { deliverable, isInOrder } from './visibility.ts';

/** Receives, and holds what comes against the model. */
export async function receiveAndCheck(
  model: FlowModel,
  system: FlowSystem,
  options: {
    readonly group: string;
    readonly maxMessages: number;
    readonly invisibleDurationMs: number;
    /** Something that is on its way to a slow disk may keep everything from coming; default false. */
    readonly mayBringNothing?: boolean;
  },
): Promise<ModelDelivery[]> {
  const group = model.group(options.group);
  const { maxMessages, invisibleDurationMs, mayBringNothing = false } = options;
  const expected = deliverable(group);
  const backlog = backlogOf(group);
  const views = await system.consumer(group.name).receive({ maxMessages, invisibleDurationMs, awaitDurationMs: 0 });
  if (views.length > maxMessages) throw violation('I4', `${views.length} messages came, ${maxMessages} were asked for`);
  const deliveries = views.map((view) =>
    delivered(model, group, view, { allowed: expected.allowed, untilMs: system.clock.monotonic() + invisibleDurationMs }),
  );
  checkPriorities(group, backlog, deliveries);
  if (new Set(deliveries).size !== deliveries.length) throw violation('I4', 'one receive brought a message twice');
  if (views.length === 0 && expected.isSomethingSure && !mayBringNothing)
    throw violation('I3', `nothing of ${group.name} came, though something is visible`);
  return deliveries;
}

/** A delivery that a group has now; where it has none, it receives one first, if there is one. */
export async function heldAt(model: FlowModel, system: FlowSystem, group: string, index: number): Promise<ModelDelivery | undefined> {
  const leased = model.group(group).inPhase('leased');
  if (leased.length > 0) return leased[index % leased.length];
  const [received] = await receiveAndCheck(model, system, { group, maxMessages: 1, invisibleDurationMs: 3_000 });
  return received;
}

function delivered(
  model: FlowModel,
  group: ModelGroup,
  view: MessageView,
  { allowed, untilMs }: { allowed: ReadonlySet<ModelDelivery>; untilMs: number },
): ModelDelivery {
  const name = view.text();
  const delivery = group.deliveries.get(name);
  if (delivery === undefined) {
    const state = model.messages.get(name)?.state ?? 'not sent';
    throw violation('I2', `${group.name} got ${JSON.stringify(name)}, which is ${state === 'visible' ? 'not for it' : state}`);
  }
  checkContent(view, delivery);
  checkTimeToLive(group, delivery);
  if (!allowed.has(delivery))
    throw violation(
      delivery.message.messageGroup === undefined ? 'I4' : 'I5',
      `${group.name} got ${name} while it is ${delivery.phase} or waits behind another`,
    );
  const { attempt, attemptKnown } = delivery;
  const fits = attemptKnown ? view.deliveryAttempt === attempt + 1 : view.deliveryAttempt >= 1 && view.deliveryAttempt <= attempt + 1;
  if (!fits || view.deliveryAttempt > group.maxAttempts)
    throw violation('I9', `${group.name} got ${name} with attempt ${view.deliveryAttempt} after ${attempt} of ${group.maxAttempts}`);
  nowCertain(model, delivery, view);
  if (!isInOrder(group, delivery)) throw violation('I5', `${group.name} got ${name} before an older one of its message group was settled`);
  delivery.phase = 'leased';
  delivery.attempt = view.deliveryAttempt;
  delivery.attemptKnown = true;
  delivery.leasedUntilMs = untilMs;
  delivery.view = view;
  return delivery;
}

function checkContent(view: MessageView, { message }: ModelDelivery): void {
  const { topic, tag, messageGroup, priority, messageId, place } = message;
  if (view.topic !== topic || view.tag !== tag || view.messageGroup !== messageGroup || view.priority !== priority)
    throw violation('I2', `${message.name} came with other attributes than it was sent with`);
  const isElsewhere = place !== undefined && (view.queueId !== place.queueId || view.queueOffset !== place.queueOffset);
  if (isElsewhere || (messageId !== undefined && view.messageId !== messageId))
    throw violation('I6', `${message.name} came from another place than its receipt named`);
}

/** A redriven message is delivered however old it is. */
function checkTimeToLive({ name }: ModelGroup, { message, redriven }: ModelDelivery): void {
  if (isExpired(message, 'surely') && !redriven) throw violation('I2', `${name} got ${message.name}, whose time to live was over`);
}

/** A delivery proves that its message was kept. */
function nowCertain(model: FlowModel, { message }: ModelDelivery, view: MessageView): void {
  model.proved(message);
  message.messageId ??= view.messageId;
  message.place ??= { queueId: view.queueId, queueOffset: view.queueOffset };
}
