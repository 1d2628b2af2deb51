import type { MessageView } from '../../index.ts';
import type { FlowModel, ModelDelivery, ModelGroup } from './flow-model.ts';
import type { FlowSystem } from './flow-system.ts';
import { deliverable } from './invariants.ts';
import { violation } from './push-journal.ts';

/** Receives, and holds what comes against the model. */
export async function receiveAndCheck(
  model: FlowModel,
  system: FlowSystem,
  options: { readonly group: string; readonly maxMessages: number; readonly invisibleDurationMs: number },
): Promise<ModelDelivery[]> {
  const group = model.group(options.group);
  const { maxMessages, invisibleDurationMs } = options;
  const expected = deliverable(group);
  const views = await system.consumer(group.name).receive({ maxMessages, invisibleDurationMs, awaitDurationMs: 0 });
  if (views.length > maxMessages) throw violation('I4', `${views.length} messages came, ${maxMessages} were asked for`);
  const deliveries = views.map((view) =>
    delivered(group, view, { allowed: expected.allowed, untilMs: system.clock.monotonic() + invisibleDurationMs }),
  );
  if (new Set(deliveries).size !== deliveries.length) throw violation('I4', 'one receive brought a message twice');
  if (views.length === 0 && expected.isSomethingSure) throw violation('I3', `nothing of ${group.name} came, though something is visible`);
  return deliveries;
}

function delivered(
  group: ModelGroup,
  view: MessageView,
  { allowed, untilMs }: { allowed: ReadonlySet<ModelDelivery>; untilMs: number },
): ModelDelivery {
  const name = view.text();
  const delivery = group.deliveries.get(name);
  if (delivery === undefined) throw violation('I2', `${group.name} got ${JSON.stringify(name)}, which was not sent to it`);
  checkContent(view, delivery);
  if (!allowed.has(delivery))
    throw violation(
      delivery.message.messageGroup === undefined ? 'I4' : 'I5',
      `${group.name} got ${name} while it is ${delivery.phase} or waits behind another`,
    );
  const { attempt, attemptKnown } = delivery;
  const fits = attemptKnown ? view.deliveryAttempt === attempt + 1 : view.deliveryAttempt >= 1 && view.deliveryAttempt <= attempt + 1;
  if (!fits || view.deliveryAttempt > group.maxAttempts)
    throw violation('I9', `${group.name} got ${name} with attempt ${view.deliveryAttempt} after ${attempt} of ${group.maxAttempts}`);
  nowCertain(delivery, view);
  delivery.phase = 'leased';
  delivery.attempt = view.deliveryAttempt;
  delivery.attemptKnown = true;
  delivery.leasedUntilMs = untilMs;
  delivery.view = view;
  return delivery;
}

function checkContent(view: MessageView, { message }: ModelDelivery): void {
  const { topic, tag, messageGroup, place } = message;
  if (view.topic !== topic || view.tag !== tag || view.messageGroup !== messageGroup)
    throw violation('I2', `${message.name} came with other attributes than it was sent with`);
  if (place === undefined) return;
  if (view.messageId !== place.messageId || view.queueId !== place.queueId || view.queueOffset !== place.queueOffset) {
    throw violation('I6', `${message.name} came from another place than its receipt named`);
  }
}

/** A delivery proves that its message was kept. */
function nowCertain({ message }: ModelDelivery, view: MessageView): void {
  message.mayBeLost = false;
  message.place ??= { messageId: view.messageId, queueId: view.queueId, queueOffset: view.queueOffset };
}
