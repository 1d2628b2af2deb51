import { BrokerError } from '../../model/errors.ts';
import type { ProgressAddress } from '../../storage/log/state-records.ts';
import { HandleSeal } from './handle-seal.ts';

/** What a receipt handle names: one delivery of one message to one group, and how long it may be settled with it. */
export interface Receipt {
  readonly address: ProgressAddress;
  readonly offset: number;
  readonly leaseNumber: number;
  /** When its lease ends, by the broker's time, which knows no steps of the wall clock. */
  readonly endsAtMs: number;
}

const CONTENT_BYTES = 34;

/** Makes and reads receipt handles. */
export class ReceiptHandles {
  readonly #seal: HandleSeal;

  constructor(key: Uint8Array) {
    this.#seal = new HandleSeal(key, CONTENT_BYTES);
  }

  encode(receipt: Receipt): string {
    const writer = this.#seal.begin();
    writer.u32(receipt.address.groupId);
    writer.u32(receipt.address.topicId);
    writer.u16(receipt.address.queueId);
    writer.u64(receipt.offset);
    writer.u64(receipt.leaseNumber);
    writer.u64(receipt.endsAtMs);
    return this.#seal.text();
  }

  /** @throws BrokerError `MQ_INVALID_RECEIPT_HANDLE` when this store never issued it. */
  decode(handle: string): Receipt {
    const reader = this.#seal.open(handle);
    if (reader === undefined) throw invalid();
    const address = { groupId: reader.u32(), topicId: reader.u32(), queueId: reader.u16() };
    return { address, offset: reader.u64(), leaseNumber: reader.u64(), endsAtMs: reader.u64() };
  }
}

function invalid(): BrokerError {
  return new BrokerError('MQ_INVALID_RECEIPT_HANDLE', 'The receipt handle was not issued by this store for this group');
}
