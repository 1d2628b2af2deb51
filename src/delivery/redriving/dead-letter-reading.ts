import type { DeadLetter } from '../../model/admin.ts';
import { placeOfQueue } from '../../model/priority-levels.ts';
import type { StoredDeadLetter } from '../../storage/index/dead-letters.ts';
import type { StoredMessage } from '../../storage/log/message-record.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { messageOf, readBlocks } from '../receiving/block-reading.ts';
import { storedFacts, storedView } from '../views/message-view.ts';

/** A dead letter with the message that it points at. */
export interface ReadDeadLetter {
  readonly stored: StoredDeadLetter;
  readonly message: StoredMessage;
  readonly letter: DeadLetter;
}

/** `undefined` where a block of the message is damaged, which is reported: the other dead letters are none the worse for it. */
export async function readDeadLetter(
  context: DeliveryContext,
  group: string,
  stored: StoredDeadLetter,
): Promise<ReadDeadLetter | undefined> {
  const { mark, address } = stored;
  const message = messageOf(context, mark, await readBlocks(context, [mark]))?.take();
  if (message === undefined) return undefined;
  const { name: topic, type } = context.store.index.catalogue.originOf(address.topicId);
  const place = placeOfQueue(type, address.queueId);
  const letter: DeadLetter = {
    message: storedView(message, storedFacts(topic, place), mark.attempts),
    messageId: message.messageId,
    group,
    originTopic: topic,
    originQueueId: place.queueId,
    originQueueOffset: mark.offset,
    attempts: mark.attempts,
    reason: mark.reason,
    deadLetteredAtMs: mark.atMs,
  };
  return { stored, message, letter };
}
