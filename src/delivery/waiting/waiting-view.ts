import type { MessageView } from '../../model/message.ts';
import { placeOfQueue } from '../../model/priority-levels.ts';
import { readMessage } from '../../storage/log/message-record.ts';
import { blockSequenceOf, type LogPosition, recordNumberOf } from '../../storage/log-position.ts';
import { isCorruption } from '../../storage/store-errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { reportDamage } from '../delivery-events.ts';
import { storedFacts, storedView } from '../views/message-view.ts';

/** Where a message lies that waits, and the queue that it will be in. */
interface WaitingMessage {
  readonly position: LogPosition;
  readonly topicId: number;
  readonly queueId: number;
}

/**
 * A message that waits for its time or its transaction, for reading only; it has no place in a queue yet. `undefined` where its block is damaged,
 * which is reported: the others that wait are none the worse for it.
 */
export async function waitingView(context: DeliveryContext, waiting: WaitingMessage): Promise<MessageView | undefined> {
  const { log, index } = context.store;
  const { position, topicId, queueId } = waiting;
  const sequence = blockSequenceOf(position);
  try {
    const message = readMessage(await log.read(sequence), recordNumberOf(position));
    const { name, type } = index.catalogue.originOf(topicId);
    const place = { ...placeOfQueue(type, queueId), queueId: -1 };
    return storedView({ ...message, queueOffset: -1 }, storedFacts(name, place), 0);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    reportDamage(context, sequence, error);
    return undefined;
  }
}
