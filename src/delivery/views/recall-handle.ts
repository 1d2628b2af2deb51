import { BrokerError } from '../../model/errors.ts';
import type { TimerKind } from '../../storage/index/delays.ts';
import type { LogPosition } from '../../storage/log-position.ts';
import { type GroupHash, hashMessageGroup } from '../../storage/message-group-hash.ts';
import { HandleSeal } from './handle-seal.ts';

/** What a recall handle names: a message that waits. */
export interface RecallTarget {
  readonly kind: TimerKind;
  readonly topicId: number;
  readonly dueAtMs: number;
  readonly position: LogPosition;
  /** Of the message's id: a power cut may take a message, and another one gets its position. */
  readonly idHash: GroupHash;
}

const CONTENT_BYTES = 29;

/** Makes and reads recall handles. */
export class RecallHandles {
  readonly #seal: HandleSeal;

  constructor(key: Uint8Array) {
    this.#seal = new HandleSeal(key, CONTENT_BYTES);
  }

  encode({ kind, topicId, dueAtMs, position, messageId }: Omit<RecallTarget, 'idHash'> & { readonly messageId: string }): string {
    const idHash = idHashOf(messageId);
    const writer = this.#seal.begin();
    writer.u8(kind === 'instant' ? 1 : 2);
    writer.u32(topicId);
    writer.u64(dueAtMs);
    writer.u64(position);
    writer.u32(idHash.high);
    writer.u32(idHash.low);
    return this.#seal.text();
  }

  /** @throws BrokerError `MQ_INVALID_RECALL_HANDLE` when this store never issued it. */
  decode(handle: string): RecallTarget {
    const reader = this.#seal.open(handle);
    if (reader === undefined) throw invalidRecallHandle('was not issued by this store');
    return {
      kind: reader.u8() === 1 ? 'instant' : 'delay',
      topicId: reader.u32(),
      dueAtMs: reader.u64(),
      position: reader.u64(),
      idHash: { high: reader.u32(), low: reader.u32() },
    };
  }
}

/** Whether the message that lies where the handle says is the one that it was issued for. */
export function isOf({ idHash }: RecallTarget, messageId: string): boolean {
  const { high, low } = idHashOf(messageId);
  return high === idHash.high && low === idHash.low;
}

const idHashOf = hashMessageGroup;

export function invalidRecallHandle(why: string): BrokerError {
  return new BrokerError('MQ_INVALID_RECALL_HANDLE', `The recall handle ${why}; pass the recallHandle of the receipt unchanged`);
}
