import type { Durability, MessageView } from './message.ts';
import type { MessageTo } from './typed-message.ts';
import type { Topic } from './typed-topic.ts';

/**
 * Options of an atomic unit.
 * @public
 * @since 0.2.0
 */
export interface AtomicOptions {
  /** Default: the broker's. */
  readonly durability?: Durability | undefined;
}

/**
 * What happens together or not at all. Its methods check their arguments and note what is wanted; all of it takes effect with the commit that
 * follows when the work has ended, and nothing when it throws. Until then nobody sees any of it, the work itself included: `broker.store` reads
 * what was committed. A unit that is begun inside the work of another one is a unit of its own, and units keep nobody out: of two
 * that read a value and write it back changed, the later one wins. The bodies, keys and values of a unit have at most `limits.maxBatchBytes` together.
 * @public
 * @since 0.2.0
 */
export interface AtomicUnit {
  /**
   * Settles messages that were received by push or simple consumers, for their groups; only `receiptHandle` is looked at. Where a lease has run out
   * by the commit, or the message was settled otherwise, the whole unit is refused with `MQ_RECEIPT_HANDLE_EXPIRED`. What a push listener answers
   * behind the commit changes nothing. Of several messages all are noted or, where one is refused, none.
   * @throws BrokerError `MQ_INVALID_RECEIPT_HANDLE` for a handle that this store never issued
   */
  ack(message: MessageView | readonly MessageView[]): void;
  /**
   * Sends a message, of any kind but those of transactions; its bytes are copied. There is no receipt: the handle to recall a delay message by is in
   * `admin.listDelayed`.
   * @throws as `Producer.send` for what is wrong with the message; BrokerError `MQ_NOT_SUPPORTED` for a topic whose schema answers later
   */
  send<To extends string | Topic>(message: MessageTo<To>): void;
  /**
   * Sets a value of the application store; text is stored as UTF-8, bytes are copied. The last call for a key counts.
   * @param key - 1 to 1,024 bytes of UTF-8
   * @throws TypeError `MQ_ILLEGAL_ARGUMENT`; BrokerError `MQ_PAYLOAD_TOO_LARGE` for more than `limits.maxBodyBytes`, or than the unit has room for
   */
  put(key: string, value: Uint8Array | string): void;
  /** Removes a value of the application store, where there is one. */
  delete(key: string): void;
}
