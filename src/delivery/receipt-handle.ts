import { BrokerError } from '../model/errors.ts';
import { ByteReader } from '../storage/byte-reader.ts';
import { ByteWriter } from '../storage/byte-writer.ts';
import type { ProgressAddress } from '../storage/log/state-records.ts';
import { sipHash } from './sip-hash.ts';

/** What a receipt handle names: one delivery of one message to one group, and until when it was given. */
export interface Receipt {
  readonly address: ProgressAddress;
  readonly offset: number;
  readonly leaseNumber: number;
  readonly untilMs: number;
}

const CONTENT_BYTES = 34;

/** Makes and reads receipt handles: the receipt as bytes with a MAC behind them, so that nobody can make one up. */
export class ReceiptHandles {
  readonly #key: Uint8Array;
  readonly #writer = new ByteWriter(64);

  /** `key` has 16 bytes and lies in the store, so that handles stay valid over a restart. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  encode(receipt: Receipt): string {
    const writer = this.#writer;
    writer.clear();
    writer.u32(receipt.address.groupId);
    writer.u32(receipt.address.topicId);
    writer.u16(receipt.address.queueId);
    writer.u64(receipt.offset);
    writer.u64(receipt.leaseNumber);
    writer.u64(receipt.untilMs);
    const { high, low } = sipHash(this.#key, writer.written());
    writer.u32(high);
    writer.u32(low);
    return toBase64Url(writer.written());
  }

  /** @throws BrokerError `MQ_INVALID_RECEIPT_HANDLE` when this store never issued it. */
  decode(handle: string): Receipt {
    const bytes = fromBase64Url(handle);
    if (bytes === undefined || bytes.length !== CONTENT_BYTES + 8) throw invalid();
    const reader = new ByteReader(bytes);
    const address = { groupId: reader.u32(), topicId: reader.u32(), queueId: reader.u16() };
    const mac = sipHash(this.#key, bytes.subarray(0, CONTENT_BYTES));
    const given = new ByteReader(bytes, CONTENT_BYTES);
    // Both halves are compared, whatever the first one says.
    const difference = (given.u32() ^ mac.high) | (given.u32() ^ mac.low);
    if (difference !== 0) throw invalid();
    return { address, offset: reader.u64(), leaseNumber: reader.u64(), untilMs: reader.u64() };
  }
}

function invalid(): BrokerError {
  return new BrokerError('MQ_INVALID_RECEIPT_HANDLE', 'The receipt handle was not issued by this store for this group');
}

export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

export function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
