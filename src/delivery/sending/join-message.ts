import { instantAfter } from '../../model/instant.ts';
import type { DeliveryTime, MessageTerms } from '../../model/message-terms.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import type { DedupMark, MessageExtension } from '../../storage/log/message-extension.ts';
import { hashMessageGroup } from '../../storage/message-group-hash.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { DedupClaim } from './dedup-claim.ts';
import { DelayedEntry } from './delayed-entry.ts';
import { HalfEntry } from './half-entry.ts';
import { MessageEntry } from './message-entry.ts';
import type { Route } from './route.ts';
import type { JoinTerms, SentEntry } from './sent-entry.ts';

/** Lets a message join a group as what it is: visible at once, or waiting for its time. `claim` is that of its dedup key, and joins later. */
export function joinMessage(context: DeliveryContext, draft: MessageDraft, route: Route, join: JoinTerms, claim?: DedupClaim): void {
  const { terms } = draft;
  const { transactionId } = join;
  const extension = terms === undefined ? undefined : extensionOf(context, terms, claim);
  const entry =
    transactionId === undefined
      ? entryOf(context, draft, route, join, extension)
      : new HalfEntry(context, draft, route, join, { ...extension, transactionId });
  context.store.log.join(join.group, entry, draft.body.length);
  claim?.follow(entry);
}

/** What is due already is visible at once. */
function entryOf(context: DeliveryContext, draft: MessageDraft, route: Route, join: JoinTerms, extension?: MessageExtension): SentEntry {
  if (extension === undefined || !waits(context, extension)) return new MessageEntry(context, draft, route, join, extension);
  // Its birth and its delivery time tell where both clocks stood, so that it is not born with the first message of its batch.
  return new DelayedEntry(context, draft, route, { ...join, nowMs: context.clock.now() }, extension);
}

function waits(context: DeliveryContext, extension: MessageExtension): extension is MessageExtension & { deliverAtMs: number } {
  const { deliverAtMs, delayMs } = extension;
  if (deliverAtMs === undefined) return false;
  return delayMs === undefined ? deliverAtMs > context.clock.now() : delayMs > 0;
}

/** What of a message's terms is stored with it; a priority is told by its queue. */
function extensionOf(
  context: DeliveryContext,
  { delivery, ttlMs, dedupKey }: MessageTerms,
  mark?: DedupMark,
): MessageExtension | undefined {
  if (delivery === undefined && ttlMs === undefined && dedupKey === undefined) return undefined;
  const dedup = dedupKey === undefined ? undefined : (mark ?? { key: dedupKey, hash: hashMessageGroup(dedupKey) });
  return delivery === undefined ? { ttlMs, dedup } : { ...timeOf(context, delivery), ttlMs, dedup };
}

function timeOf(context: DeliveryContext, delivery: DeliveryTime): Pick<MessageExtension, 'deliverAtMs' | 'delayMs'> {
  if (delivery.kind === 'instant') return { deliverAtMs: delivery.atMs };
  return { deliverAtMs: instantAfter(context.delayTime.next(), delivery.delayMs), delayMs: delivery.delayMs };
}
