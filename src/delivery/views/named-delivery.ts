import { BrokerError, illegalArgument } from '../../model/errors.ts';
import type { MessageView } from '../../model/message.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { ProgressAddress } from '../../storage/log/state-records.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { deliveryOf } from './message-view.ts';
import type { ReceiptHandles } from './receipt-handle.ts';

/** A delivery as its view or its receipt handle names it, whether or not it is the valid one. */
export interface NamedDelivery {
  readonly address: ProgressAddress;
  readonly offset: number;
  readonly leaseNumber: number;
  /** When its lease ends, by the broker's time. */
  readonly endsAtMs: number;
  /** The message where a genuine view tells it; else it has to be looked up. */
  readonly held?: UnsettledMessage;
}

/** @throws TypeError `MQ_ILLEGAL_ARGUMENT` for what is no message; BrokerError `MQ_INVALID_RECEIPT_HANDLE` */
export function namedDelivery(view: MessageView, handles: ReceiptHandles): NamedDelivery {
  if (typeof view !== 'object' || view === null) throw illegalArgument('A message that was received is needed');
  const delivery = deliveryOf(view);
  if (delivery !== undefined) {
    const { held } = delivery;
    return { address: held.progress.address, offset: held.offset, ...delivery };
  }
  if (typeof view.receiptHandle !== 'string') throw illegalArgument('A message that was received is needed: it has no receiptHandle');
  if (view.receiptHandle === '') throw nothingToSettle();
  return handles.decode(view.receiptHandle);
}

function nothingToSettle(): BrokerError {
  return new BrokerError(
    'MQ_INVALID_RECEIPT_HANDLE',
    'The message has no receipt handle, because nobody received it to settle it: what was polled counts as done by commit(), and admin only shows',
  );
}

/** The message while this delivery is the valid one. */
export function leasedMessage(
  queue: GroupQueue,
  { offset, leaseNumber }: Pick<NamedDelivery, 'offset' | 'leaseNumber'>,
): UnsettledMessage | undefined {
  return leasedAs(queue.progress.unsettled.get(offset), leaseNumber);
}

/** The message while the lease with this number runs. */
export function leasedAs(message: UnsettledMessage | undefined, leaseNumber: number): UnsettledMessage | undefined {
  if (message === undefined || message.leaseNumber !== leaseNumber) return undefined;
  return message.state === 'leased' && !message.ready ? message : undefined;
}
