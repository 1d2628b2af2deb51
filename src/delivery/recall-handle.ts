import { BrokerError } from '../model/errors.ts';
import { ByteReader } from '../storage/byte-reader.ts';
import { ByteWriter } from '../storage/byte-writer.ts';
import type { TimerKind } from '../storage/index/delays.ts';
import type { LogPosition } from '../storage/log-position.ts';
import { fromBase64Url, toBase64Url } from './receipt-handle.ts';
import { sipHash } from './sip-hash.ts';

/** What a recall handle names: a message that waits. */
export interface RecallTarget {
  readonly kind: TimerKind;
  readonly topicId: number;
  readonly dueAtMs: number;
  readonly position: LogPosition;
}

const CONTENT_BYTES = 21;

/** Makes and reads recall handles, which are secured as receipt handles are; their length tells them apart. */
export class RecallHandles {
  readonly #key: Uint8Array;
  readonly #writer = new ByteWriter(32);

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  encode({ kind, topicId, dueAtMs, position }: RecallTarget): string {
    const writer = this.#writer;
    writer.clear();
    writer.u8(kind === 'instant' ? 1 : 2);
    writer.u32(topicId);
    writer.u64(dueAtMs);
    writer.u64(position);
    const { high, low } = sipHash(this.#key, writer.written());
    writer.u32(high);
    writer.u32(low);
    return toBase64Url(writer.written());
  }

  /** @throws BrokerError `MQ_INVALID_RECALL_HANDLE` when this store never issued it. */
  decode(handle: string): RecallTarget {
    const bytes = fromBase64Url(handle);
    if (bytes === undefined || bytes.length !== CONTENT_BYTES + 8) throw invalidRecallHandle('was not issued by this store');
    const mac = sipHash(this.#key, bytes.subarray(0, CONTENT_BYTES));
    const given = new ByteReader(bytes, CONTENT_BYTES);
    const difference = (given.u32() ^ mac.high) | (given.u32() ^ mac.low);
    if (difference !== 0) throw invalidRecallHandle('was not issued by this store');
    const reader = new ByteReader(bytes);
    return { kind: reader.u8() === 1 ? 'instant' : 'delay', topicId: reader.u32(), dueAtMs: reader.u64(), position: reader.u64() };
  }
}

export function invalidRecallHandle(why: string): BrokerError {
  return new BrokerError('MQ_INVALID_RECALL_HANDLE', `The recall handle ${why}; pass the recallHandle of the receipt unchanged`);
}
