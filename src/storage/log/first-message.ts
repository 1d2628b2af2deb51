import { type LogPosition, recordNumberOf } from '../log-position.ts';
import type { Block } from './block.ts';
import { type MessageHead, readExtensionBehindHead, readMessageHead, readMessageId } from './message-record.ts';
import { RECORD } from './record-kinds.ts';

/** What the receipt of a message said that others may be duplicates of. */
export interface FirstMessage {
  readonly messageId: string;
  readonly queueId: number;
  readonly queueOffset: number;
  /** It was stored to wait for its time or its transaction: then its receipt knew no place. */
  readonly waited: boolean;
  /** What its recall handle says, where it is a delay message. */
  readonly timer: { readonly kind: 'instant' | 'delay'; readonly dueAtMs: number } | undefined;
  readonly transactionId: string | undefined;
}

/**
 * The message that lies there, if it was sent to this topic with this very dedup key; `undefined` where it only has the same hash.
 * Does not touch the body.
 */
export function readFirstMessage(
  block: Block,
  position: LogPosition,
  wanted: { readonly topicId: number; readonly key: string },
): FirstMessage | undefined {
  const bounds = block.record(recordNumberOf(position));
  const { kind } = bounds;
  const waited = kind === RECORD.delayed || kind === RECORD.half;
  if (kind !== RECORD.message && !waited) return undefined;
  const reader = block.readerAt(bounds);
  const head: MessageHead = { topicId: 0, queueId: 0, queueOffset: 0, tagHash: 0, groupHigh: 0, groupLow: 0, bornAtMs: 0, flags: 0 };
  readMessageHead(reader, head);
  if (head.topicId !== wanted.topicId) return undefined;
  const extension = readExtensionBehindHead(reader, head.flags);
  if (extension?.dedup?.key !== wanted.key) return undefined;
  const messageId = readMessageId(block.readerAt(bounds), head.flags);
  const { queueId, queueOffset } = head;
  const { deliverAtMs, delayMs, transactionId } = extension;
  const isDelayed = kind === RECORD.delayed && deliverAtMs !== undefined;
  const timer = isDelayed ? ({ kind: delayMs === undefined ? 'instant' : 'delay', dueAtMs: deliverAtMs } as const) : undefined;
  return { messageId, queueId, queueOffset, waited, timer, transactionId };
}
