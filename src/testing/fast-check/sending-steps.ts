import type { SendReceipt } from '../../index.ts';
import type { FlowModel } from './flow-model.ts';
import type { Planned } from './message-shape.ts';
import type { ModelMessage } from './model-message.ts';
import { violation } from './violation.ts';

/** A receipt came: it is that of a new message, or of the one that has the dedup key. */
export function sent(model: FlowModel, [planned]: Planned, receipt: SendReceipt): void {
  const { isTaken, possible } = keyHolders(model, planned);
  if (receipt.duplicate === true) return isDuplicate(model, planned, receipt, possible);
  if (isTaken) throw violation('I12', `${planned.name} was stored, though another message has its key ${planned.dedupKey}`);
  stored(model, planned, receipt);
}

/** Nobody was told what became of a send: it is a duplicate, or stored, or lost. */
export function perhapsSent(model: FlowModel, [planned]: Planned): void {
  if (!keyHolders(model, planned).isTaken) model.add({ ...planned, mayBeLost: true });
}

/** A unit was committed: its messages are there but for duplicates, of which nobody tells. */
export function sentUntold(model: FlowModel, [planned]: Planned): ModelMessage | undefined {
  const { isTaken, possible } = keyHolders(model, planned);
  if (isTaken) return undefined;
  planned.mayBeLost = possible.length > 0;
  model.add(planned);
  return planned;
}

function keyHolders({ keys }: FlowModel, { topic, dedupKey }: ModelMessage): ReturnType<FlowModel['keys']['holders']> {
  return dedupKey === undefined ? { isTaken: false, possible: [] } : keys.holders(topic, dedupKey);
}

function isDuplicate(model: FlowModel, { name, dedupKey }: ModelMessage, receipt: SendReceipt, possible: readonly ModelMessage[]): void {
  const unnamed = possible.filter(({ messageId }) => messageId === undefined);
  const first = possible.find(({ messageId }) => messageId === receipt.messageId) ?? unnamed[0];
  if (first === undefined) throw violation('I12', `${name} is no duplicate: no message within the window has its key ${dedupKey}`);
  if (first.messageId === undefined && unnamed.length > 1) return;
  first.messageId = receipt.messageId;
  model.proved(first);
  if (first.wait !== undefined) first.wait.recallHandle ??= receipt.recallHandle;
  const { queueId, queueOffset } = receipt;
  const { place } = first;
  const isElsewhere = place !== undefined && (place.queueId !== queueId || place.queueOffset !== queueOffset);
  const hasWaited = first.wait !== undefined || first.transaction !== undefined;
  if (hasWaited ? queueOffset !== -1 : isElsewhere) throw violation('I12', `the duplicate ${name} of ${first.name} has not its receipt`);
}

/** A message has its place: the offset is new, higher than every other one of its queue. */
function stored(model: FlowModel, planned: ModelMessage, receipt: SendReceipt): void {
  const { messageId, queueId, queueOffset, recallHandle } = receipt;
  for (const { name, messageId: other } of model.messages.values())
    if (other === messageId) throw violation('I6', `${planned.name} has the id of ${name}`);
  planned.messageId = messageId;
  if (planned.wait !== undefined) Object.assign(planned.wait, { recallHandle, sentAtMs: model.time.monotonicMs });
  const isVisible = planned.state === 'visible';
  if (isVisible !== queueOffset >= 0)
    throw violation('I8', `${planned.name} is ${planned.state}, but its receipt tells the offset ${queueOffset}`);
  if ((planned.wait !== undefined) !== (recallHandle !== undefined))
    throw violation('I8', `the receipt of ${planned.name} has ${recallHandle === undefined ? 'no' : 'a'} recall handle`);
  if (isVisible) {
    freeOffsets(model, planned, receipt);
    planned.place = { queueId, queueOffset };
  }
  model.add(planned);
}

/** A power cut may free offsets, never those of what was kept. */
function freeOffsets(model: FlowModel, planned: ModelMessage, { queueId, queueOffset }: SendReceipt): void {
  for (const other of [...model.messages.values()]) {
    const { name, place, topic, priority, mayBeLost } = other;
    if (place === undefined || topic !== planned.topic || priority !== planned.priority) continue;
    if (place.queueId !== queueId || place.queueOffset < queueOffset) continue;
    if (!mayBeLost) throw violation('I6', `${planned.name} got the offset ${queueOffset}, but ${name} has ${place.queueOffset}`);
    model.forget(other);
  }
}
