import { BrokerError, illegalArgument } from '../../model/errors.ts';
import type { Message } from '../../model/message.ts';
import { checkDeliveryInstant } from '../../model/message-terms.ts';
import { type MessageDraft, validateMessage } from '../../model/message-validation.ts';
import type { DeliveryContext } from '../delivery-context.ts';

/** A message that keeps every rule. Throws what is wrong with it. */
export function draftOf({ limits, clock }: DeliveryContext, message: Message): MessageDraft {
  const draft = validateMessage(message, limits);
  if (draft.terms !== undefined) checkDeliveryInstant(draft.terms.delivery, limits, clock.now());
  return draft;
}

/** The same of a batch, which has limits of its own. */
export function draftsOf(context: DeliveryContext, messages: readonly Message[]): MessageDraft[] {
  if (!Array.isArray(messages)) throw illegalArgument('sendBatch takes an array of messages');
  const { maxBatchMessages, maxBatchBytes } = context.limits;
  if (messages.length > maxBatchMessages)
    throw tooLarge(`A batch of ${messages.length} messages exceeds limits.maxBatchMessages (${maxBatchMessages}); send several`);
  const drafts = messages.map((message) => draftOf(context, message));
  let bytes = 0;
  for (const draft of drafts) bytes += draft.body.length;
  if (bytes > maxBatchBytes) throw tooLarge(`A batch of ${bytes} bytes exceeds limits.maxBatchBytes (${maxBatchBytes}); send several`);
  return drafts;
}

/** A message that waits keeps its own bytes: the caller may write into its buffer as soon as `send` has returned. `slice` of a Buffer would share. */
export function withOwnBody(draft: MessageDraft): MessageDraft {
  return typeof draft.body === 'string' ? draft : { ...draft, body: new Uint8Array(draft.body) };
}

function tooLarge(what: string): BrokerError {
  return new BrokerError('MQ_PAYLOAD_TOO_LARGE', what);
}
